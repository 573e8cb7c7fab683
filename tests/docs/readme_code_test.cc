// The documents against the tree: code that they show is the code that is built, links lead to
// files, and files and tests that they name exist. A block is tied to its file by the line before
// it: <!-- file: examples/first_job/job.cc -->
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

const fs::path kRoot = TRIBUTARY_SOURCE_DIR;

std::string text_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// README.md, ARCHITECTURE.md, docs/ and the pages of the folders, from the root.
std::vector<std::string> documents() {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(kRoot)) {
    if (entry.path().extension() == ".md") found.push_back(entry.path().filename().string());
  }
  for (const char* folder : {"base", "bench", "checkpoint", "docs", "examples", "jobs", "operators",
                             "runtime", "tests"}) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.path().extension() == ".md") {
        found.push_back(fs::relative(entry.path(), kRoot).string());
      }
    }
  }
  return found;
}

struct Block {
  std::string file;
  std::string code;
};

std::vector<Block> blocks_of_files(const std::string& text) {
  static const std::string kMark = "<!-- file: ";
  std::vector<Block> blocks;
  for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
    const std::size_t name = at + kMark.size();
    const std::size_t name_end = text.find(" -->\n```", name);
    const std::size_t code = text.find('\n', name_end + 5) + 1;
    const std::size_t code_end = text.find("\n```\n", code);
    if (name_end == std::string::npos || code_end == std::string::npos) {
      blocks.push_back({.file = "(a mark without a block)", .code = {}});
      continue;
    }
    blocks.push_back({.file = text.substr(name, name_end - name),
                      .code = text.substr(code, code_end + 1 - code)});
  }
  return blocks;
}

std::vector<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> all;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    all.push_back((*it)[1].str());
  }
  return all;
}

TEST(Documents, ShowTheCodeThatIsBuilt) {
  std::size_t shown = 0;
  for (const std::string& document : documents()) {
    for (const Block& block : blocks_of_files(text_of(kRoot / document))) {
      EXPECT_EQ(block.code, text_of(kRoot / block.file)) << document << " shows " << block.file;
      ++shown;
    }
  }
  EXPECT_GE(shown, 4U);
}

TEST(Documents, LinkToFilesThatExist) {
  static const std::regex kLink(R"(\]\(([^)#: ]+)(?:#[^)]*)?\))");
  std::vector<std::string> dead;
  for (const std::string& document : documents()) {
    const fs::path folder = (kRoot / document).parent_path();
    for (const std::string& target : matches(text_of(kRoot / document), kLink)) {
      if (!fs::exists(folder / target)) dead.push_back(document + ": " + target);
    }
  }
  EXPECT_THAT(dead, IsEmpty());
}

// Paths from the root, in backticks: `runtime/exec/task.cc`.
TEST(Documents, NameFilesThatExist) {
  static const std::regex kPath(
      R"(`((?:base|bench|checkpoint|docs|examples|jobs|operators|runtime|scripts|tests)/[\w./-]+\.(?:h|cc|md|sh|proto|txt|def|yaml|jsonl))`)");
  std::vector<std::string> missing;
  for (const std::string& document : documents()) {
    for (const std::string& path : matches(text_of(kRoot / document), kPath)) {
      if (!fs::exists(kRoot / path)) missing.push_back(document + ": " + path);
    }
  }
  EXPECT_THAT(missing, IsEmpty());
}

// Tests in backticks, `Suite.SaysWhatItProves`, in the page of the architecture.
TEST(Documents, NameTestsThatExist) {
  std::set<std::string> tests;
  static const std::regex kTest(R"(TEST(?:_F|_P)?\(\s*(\w+,\s*\w+)\s*\))");
  for (const char* folder : {"tests", "examples"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.path().extension() != ".cc") continue;
      for (std::string name : matches(text_of(entry.path()), kTest)) {
        tests.insert(std::regex_replace(name, std::regex(R"(,\s*)"), "."));
      }
    }
  }
  static const std::regex kNamed(R"(`([A-Z]\w+\.[A-Z]\w+)`)");
  std::vector<std::string> unknown;
  for (const std::string& name : matches(text_of(kRoot / "ARCHITECTURE.md"), kNamed)) {
    if (!tests.contains(name)) unknown.push_back(name);
  }
  EXPECT_THAT(unknown, IsEmpty());
}

}  // namespace
}  // namespace tributary::testing
