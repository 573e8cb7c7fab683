// The source tree itself against the floors of arrows.h.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/house/arrows.h"

namespace tributary::house {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

const fs::path kRoot = TRIBUTARY_SOURCE_DIR;

std::string text_of(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Root-relative paths of our sources, tests and benches excepted: what they may see is decided by
// what they link.
std::vector<std::string> sources() {
  std::vector<std::string> files;
  for (const char* folder : {"base", "checkpoint", "runtime", "operators", "jobs", "examples"}) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const fs::path extension = entry.path().extension();
      const bool is_test = entry.path().stem().string().ends_with("_test");
      if ((extension == ".h" || extension == ".cc") && !is_test) {
        files.push_back(fs::relative(entry.path(), kRoot).string());
      }
    }
  }
  return files;
}

const std::vector<IncludeLine>& tree() {
  static const std::vector<IncludeLine> lines = [] {
    std::vector<IncludeLine> all;
    for (const std::string& file : sources()) {
      const auto some = include_lines(file, text_of(kRoot / file));
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return lines;
}

TEST(SourceTree, HasIncludesToCheck) { EXPECT_GT(tree().size(), 10u); }

TEST(SourceTree, LooksAtTheExamplesToo) {
  EXPECT_TRUE(std::ranges::any_of(
      tree(), [](const IncludeLine& line) { return line.file.starts_with("examples/"); }));
}

TEST(SourceTree, FollowsTheArrowsOfTheFloors) { EXPECT_THAT(wrong_arrows(tree()), IsEmpty()); }

TEST(SourceTree, KeepsOtherPeoplesLibrariesBehindTheirDoors) {
  EXPECT_THAT(wrong_doors(tree()), IsEmpty());
}

TEST(SourceTree, HasNoCycleAmongFolders) { EXPECT_THAT(folder_cycle(tree()), IsEmpty()); }

// The build compiles the *.cc of a floor's own folder only; one in a subfolder would never be
// built.
TEST(SourceTree, HasNoSourceThatTheBuildDoesNotSee) {
  for (const std::string& file : sources()) {
    if (!file.ends_with(".cc") || file.starts_with("jobs/") || file.starts_with("examples/"))
      continue;
    EXPECT_TRUE(permitted().contains(fs::path(file).parent_path().string())) << file;
  }
}

// What the build links is what the table says.
TEST(SourceTree, DeclaresInTheBuildTheSameFloorsAsInTheTable) {
  static const std::regex pattern(R"(tributary_library\((\w+)[^)]*\))");
  for (const auto& [folder, may_see] : permitted()) {
    if (folder == "operators/testing") continue;  // It links the whole engine.
    const std::string text = text_of(kRoot / folder / "CMakeLists.txt");
    std::smatch match;
    ASSERT_TRUE(std::regex_search(text, match, pattern)) << folder;
    std::istringstream words(match[0].str().substr(0, match[0].length() - 1));
    std::set<std::string> declared;
    bool in_deps = false;
    for (std::string word; words >> word;) {
      if (word == "PUBLIC_DEPS" || word.ends_with("THIRD_PARTY")) {
        in_deps = word == "PUBLIC_DEPS";
      } else if (in_deps) {
        declared.insert(word);
      }
    }
    std::set<std::string> expected;
    for (std::string name : may_see) {
      std::ranges::replace(name, '/', '_');
      expected.insert(name);
    }
    EXPECT_EQ(declared, expected) << folder;
  }
}

}  // namespace
}  // namespace tributary::house
