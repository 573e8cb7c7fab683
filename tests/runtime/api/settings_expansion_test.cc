#include "runtime/api/settings_expansion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "runtime/api/settings_digest.h"
#include "runtime/api/settings_yaml.h"

namespace tributary {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ExpandSettings : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(files_.make_directories("/run/secrets"));
    put("/run/secrets/kafka-password", "hunter2\n");
  }
  void put(const std::string& path, std::string_view bytes) {
    auto file = files_.create(path);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->append(bytes));
    ASSERT_TRUE((*file)->close());
  }
  Result<Settings> expanded(std::string_view document) {
    const Settings settings = *parse_settings_yaml(document, "prod.yaml");
    const ExpansionSources sources{
        .environment = [](const std::string& name) -> std::optional<std::string> {
          if (name == "REGION") return "eu-west-1";
          if (name == "TRICKY") return "${secret:kafka-password}";
          return std::nullopt;
        },
        .files = &files_,
        .user_id = 10001};
    return expand_settings(settings, sources);
  }
  std::string value(std::string_view document) {
    const Result<Settings> settings = expanded(document);
    return settings ? settings->find("a")->scalar() : settings.error().what();
  }

  MemoryFileSystem files_;
};

TEST_F(ExpandSettings, PutsInVariablesAndSecrets) {
  EXPECT_EQ(value("a: s3://${env:REGION}/x"), "s3://eu-west-1/x");
  EXPECT_EQ(value("a: ${secret:kafka-password}"), "hunter2");
  EXPECT_EQ(value("a: ${env:REGION}${env:REGION}"), "eu-west-1eu-west-1");
}

TEST_F(ExpandSettings, ReachesIntoListsAndMapsButNotIntoKeys) {
  const Settings settings = *expanded("l: [{\"${env:REGION}\": \"${env:REGION}\"}]");
  EXPECT_EQ(settings.find("l")->items()[0].entries()[0].key, "${env:REGION}");
  EXPECT_EQ(settings.find("l")->items()[0].entries()[0].value.scalar(), "eu-west-1");
}

TEST_F(ExpandSettings, KeepsLinesForLaterMessages) {
  EXPECT_EQ(expanded("b: 1\na: ${env:REGION}\n")->entries()[1].line, 2);
  EXPECT_EQ(expanded("b: 1\na: ${env:REGION}\n")->document(), "prod.yaml");
}

TEST_F(ExpandSettings, DoesNotLookAgainAtWhatItPutIn) {
  EXPECT_EQ(value("a: ${env:TRICKY}"), "${secret:kafka-password}");
}

TEST_F(ExpandSettings, TakesADoubledDollarForOne) {
  EXPECT_EQ(value("a: $${env:REGION}"), "${env:REGION}");
  EXPECT_EQ(value("a: 5$ and $x"), "5$ and $x");
}

TEST_F(ExpandSettings, NamesTheVariableThatIsNotSet) {
  EXPECT_EQ(value("b: 1\na: ${env:NOPE}"),
            "setting a (line 2 of prod.yaml): variable NOPE is not set");
}

TEST_F(ExpandSettings, NamesTheFileOfASecretThatIsMissing) {
  EXPECT_THAT(value("a: ${secret:nope}"),
              HasSubstr("secret nope: /run/secrets/nope does not exist"));
}

TEST_F(ExpandSettings, RefusesNamesThatLeadOutOfTheFolder) {
  EXPECT_THAT(value("a: ${secret:../passwd}"), HasSubstr("is no name of a secret"));
  EXPECT_THAT(value("a: ${secret:.hidden}"), HasSubstr("is no name of a secret"));
  EXPECT_THAT(value("a: ${secret:}"), HasSubstr("is no name of a secret"));
  EXPECT_THAT(value("a: ${env:A=B}"), HasSubstr("is no name of a variable"));
}

TEST_F(ExpandSettings, RefusesOtherReferences) {
  EXPECT_THAT(value("a: ${file:x}"), HasSubstr("neither ${env:NAME} nor ${secret:name}"));
  EXPECT_THAT(value("a: ${env:REGION"), HasSubstr("not closed"));
}

TEST_F(ExpandSettings, RefusesASecretThatIsTooLargeAndDoesNotShowIt) {
  put("/run/secrets/large", std::string(kSecretBytesMax + 1, 'q'));
  EXPECT_THAT(value("a: ${secret:large}"),
              AllOf(HasSubstr("/run/secrets/large"), Not(HasSubstr("qqq"))));
}

TEST(SettingsDigest, IsOfTheValuesAndNotOfTheirOrderOrLines) {
  const auto digest = [](std::string_view text) {
    return settings_digest(*parse_settings_yaml(text, "x"));
  };
  EXPECT_EQ(digest("a: 1\nb: {c: 2}\n"), digest("# note\nb:\n  c: \"2\"\na: 1\n"));
  EXPECT_NE(digest("a: 1"), digest("a: 2"));
  EXPECT_NE(digest("a: [1, 2]"), digest("a: [2, 1]"));
  EXPECT_NE(digest("a: null"), digest("a: \"\""));
  EXPECT_NE(digest("a: {b: 1}"), digest("a: [b, 1]"));
}

}  // namespace
}  // namespace tributary
