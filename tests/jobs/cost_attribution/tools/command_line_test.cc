#include "jobs/cost_attribution/tools/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/jobs/cost_attribution/tools/test_folder.h"

namespace tributary::cost {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// What the program says; an error's text as it stands on standard error.
std::string said(const std::vector<std::string>& arguments) {
  std::string out;
  const auto code = run_command_line(arguments, out);
  return code ? out : code.error().to_string();
}

TEST(AttributionCommandLine, NamesAnUnknownVerbAndTheNearest) {
  EXPECT_THAT(said({"raport"}),
              StartsWith("error C105 unknown verb 'raport'; did you mean report?"));
  EXPECT_THAT(said({"rules", "chek", "a.yaml"}),
              StartsWith("error C105 unknown verb 'chek' of rules; did you mean check?"));
  EXPECT_THAT(said({"frobnicate"}), StartsWith("error C105 unknown verb 'frobnicate'\n"));
  EXPECT_THAT(said({}), HasSubstr("C105 which verb? There are ingest, generate, rules, report"));
  EXPECT_THAT(said({}), testing::Not(HasSubstr("unpark"))) << "what is not available yet";
  EXPECT_THAT(said({"ingest"}), HasSubstr("C105 which verb of ingest? There are focus, cur"));
}

TEST(AttributionCommandLine, NamesAnUnknownOptionTheNearestAndWhereHelpIs) {
  const std::string error = said({"rules", "publish", "a.yaml", "--to", "d", "--auther", "me"});
  EXPECT_THAT(error, HasSubstr("C105 unknown option '--auther'; did you mean --author?"));
  EXPECT_THAT(error, HasSubstr("attribution rules publish --help"));
  EXPECT_THAT(said({"--version"}), HasSubstr("C105 unknown option '--version'"));
  EXPECT_THAT(said({"report", "--from", "d"}), HasSubstr("C105 --tenant is required"));
}

TEST(AttributionCommandLine, RefusesWhatIsNoWholeNumber) {
  for (const char* option : {"--rows", "--tenants", "--seed"}) {
    for (const char* wrong : {"-5", "5.5", "1e3", "five", "99999999999999999999"}) {
      TestFolder folder;
      const std::string error = said({"generate", "--to", folder.path() / "g", option, wrong});
      EXPECT_THAT(error, HasSubstr("C105")) << option << ' ' << wrong;
      EXPECT_THAT(error, HasSubstr(option)) << wrong;
      EXPECT_FALSE(std::filesystem::exists(folder.path() / "g"));
    }
  }
}

TEST(AttributionCommandLine, HelpsWithProgramAndVerb) {
  EXPECT_THAT(said({"--help"}), HasSubstr("reconcile"));
  EXPECT_THAT(said({"rules", "check", "--help"}), HasSubstr("attribution rules check [OPTIONS]"));
}

TEST(AttributionCommandLine, RunsAVerb) {
  TestFolder folder;
  std::string out;
  const auto code =
      run_command_line({"generate", "--to", folder.path() / "g", "--rows", "10"}, out);
  ASSERT_TRUE(code) << code.error().to_string();
  EXPECT_EQ(*code, 0);
  EXPECT_THAT(out, StartsWith("10 records: "));
  EXPECT_THAT(said({"demo", "--fast"}), HasSubstr("C102 demo is not available yet"));
}

}  // namespace
}  // namespace tributary::cost
