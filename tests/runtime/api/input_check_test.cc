#include "runtime/api/input_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct FixedLister final : SplitLister {
  explicit FixedLister(Result<std::vector<Split>> listed) : splits(std::move(listed)) {}
  Result<std::vector<Split>> list() override { return splits; }
  Result<std::vector<Split>> splits;
};

class CheckInputs : public ::testing::Test {
 protected:
  void source(const std::string& name, const std::string& path, bool bounded,
              Result<std::vector<Split>> splits) {
    graph::Vertex& vertex = *program_.graph.add_vertices();
    vertex.set_id(static_cast<std::uint32_t>(program_.vertices.size()));
    vertex.set_name(name);
    vertex.set_kind(graph::SOURCE);
    vertex.set_bounded(bounded);
    if (!path.empty()) (*vertex.mutable_properties())["path"] = path;
    program_.vertices.emplace_back().make_lister = [splits] {
      return std::make_unique<FixedLister>(splits);
    };
  }
  Result<std::vector<std::string>> check() { return check_inputs(program_, files_); }

  MemoryFileSystem files_;
  JobProgram program_;
};

TEST_F(CheckInputs, ARunOfWhichNoFolderIsThereIsRefused) {
  source("charges", "/in/charges", true, std::vector<Split>{});
  source("rules", "/in/rules", true, std::vector<Split>{});
  const auto checked = check();
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code(), ErrorCode::F101);
  EXPECT_THAT(checked.error().what(), HasSubstr("/in/charges (charges), /in/rules (rules)"));
}

TEST_F(CheckInputs, AMissingFolderBesideOneThatIsThereIsANotice) {
  ASSERT_TRUE(files_.make_directories("/in/rules"));
  source("charges", "/in/charges", true, std::vector<Split>{});
  source("rules", "/in/rules", true, std::vector<Split>{});
  EXPECT_THAT(*check(), ElementsAre("source charges: /in/charges is missing, read as empty"));
}

TEST_F(CheckInputs, AnEmptyFolderIsAnInputWithoutRecords) {
  ASSERT_TRUE(files_.make_directories("/in/charges"));
  source("charges", "/in/charges", true, std::vector<Split>{});
  EXPECT_THAT(*check(), IsEmpty());
}

TEST_F(CheckInputs, AFollowedFolderMayComeLater) {
  source("charges", "/in/charges", false, std::vector<Split>{});
  EXPECT_THAT(*check(), ElementsAre("source charges: /in/charges is missing, waits for it"));
}

TEST_F(CheckInputs, ASourceWithoutAFolderIsThere) {
  source("numbers", "", true, std::vector<Split>{});
  source("charges", "/in/charges", true, std::vector<Split>{});
  EXPECT_TRUE(check().has_value());
}

TEST_F(CheckInputs, AnInputThatCannotBeListedNamesItsSource) {
  source("charges", "/in/charges", true, fail(ErrorCode::F101, "no such folder"));
  EXPECT_EQ(check().error().what(), "source charges: no such folder");
}

}  // namespace
}  // namespace tributary
