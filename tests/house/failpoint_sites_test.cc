// Names in base/failpoints.def against the places in the tree and the page in docs/.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary::house {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const fs::path kRoot = TRIBUTARY_SOURCE_DIR;

struct Named {
  bool fallible = false;
  std::string meaning;
};

std::string text_of(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::map<std::string, Named> registry() {
  static const std::regex kEntry(
      R"re(TRIBUTARY_FAILPOINT\("([^"]+)", k(Plain|Fallible), "([^"]+)"\))re");
  const std::string text = text_of(kRoot / "base/failpoints.def");
  std::map<std::string, Named> found;
  for (std::sregex_iterator it(text.begin(), text.end(), kEntry), end; it != end; ++it)
    found[(*it)[1]] = {.fallible = (*it)[2] == "Fallible", .meaning = (*it)[3]};
  return found;
}

std::set<std::string> placed() {
  static const std::regex kSite(R"re(\bfailpoint(?:_status)?\("([^"]+)"\))re");
  std::set<std::string> found;
  for (const char* folder : {"base", "checkpoint", "runtime", "operators"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const fs::path extension = entry.path().extension();
      // The header that offers them shows how they are written.
      if (entry.path().filename() == "failpoint.h" || (extension != ".h" && extension != ".cc"))
        continue;
      const std::string text = text_of(entry.path());
      if (text.find("failpoint") == std::string::npos) continue;
      for (std::sregex_iterator it(text.begin(), text.end(), kSite), end; it != end; ++it)
        found.insert((*it)[1]);
    }
  }
  return found;
}

TEST(FailpointSites, EveryNameIsPlaced) {
  const std::set<std::string> sites = placed();
  std::set<std::string> nowhere;
  for (const auto& [name, entry] : registry())
    if (!sites.contains(name)) nowhere.insert(name);
  EXPECT_THAT(nowhere, ::testing::IsEmpty()) << "defined and placed nowhere";
}

TEST(FailpointSites, ThePageShowsTheRegistry) {
  const std::string page = text_of(kRoot / "docs/failpoints.md");
  const auto names = registry();
  EXPECT_GE(names.size(), 25U);
  std::string table;
  // In the order of the file, which is that of the protocol.
  static const std::regex kName(R"re(TRIBUTARY_FAILPOINT\("([^"]+)")re");
  const std::string text = text_of(kRoot / "base/failpoints.def");
  for (std::sregex_iterator it(text.begin(), text.end(), kName), end; it != end; ++it) {
    const Named& entry = names.at((*it)[1]);
    table += "| `" + (*it)[1].str() + "` | " +
             (entry.fallible ? "crash, error, sleep" : "crash, sleep") + " | " + entry.meaning +
             " |\n";
  }
  EXPECT_THAT(page, HasSubstr(table));
  EXPECT_TRUE(page.ends_with(table)) << "the page names a failpoint that is not there";
}

}  // namespace
}  // namespace tributary::house
