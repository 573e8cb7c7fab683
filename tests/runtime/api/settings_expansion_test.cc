#include "runtime/api/settings_expansion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_file_system.h"
#include "base/record.h"
#include "base/settings_binder.h"
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
    return expand_settings(settings, sources, secrets_);
  }
  std::string value(std::string_view document) {
    const Result<Settings> settings = expanded(document);
    return settings ? settings->find("a")->scalar() : settings.error().what();
  }

  MemoryFileSystem files_;
  SecretValues secrets_;
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

struct Numbers {
  std::int64_t count = 0;
  Duration wait;
  List<bool> flags;
};
TRIBUTARY_RECORD(Numbers, count, wait, flags);

TEST_F(ExpandSettings, NoErrorOfASettingQuotesASecret) {
  const auto error_of = [this](std::string_view document) {
    Arena arena;
    Numbers numbers;
    return bind_settings(*expanded(document), type_info<Numbers>(), &numbers, arena).at(0).what();
  };
  EXPECT_EQ(error_of("count: ${secret:kafka-password}"),
            "setting count (line 1 of prod.yaml): expected an integer (int64), got the value of a "
            "secret");
  EXPECT_THAT(error_of("wait: \"7${secret:kafka-password}s\""), HasSubstr("the value of a secret"));
  EXPECT_THAT(error_of("flags: [true, \"${secret:kafka-password}\"]"),
              HasSubstr("the value of a secret"));
  EXPECT_THAT(error_of("flags: ${secret:kafka-password}"), HasSubstr("the value of a secret"));
  // What a variable put in is shown.
  EXPECT_THAT(error_of("count: ${env:REGION}"), HasSubstr("got 'eu-west-1'"));

  const Settings settings = *expanded("a: x${secret:kafka-password}");
  EXPECT_EQ(settings.integer("a").error().what(),
            "setting a: expected an integer, got the value of a secret");
  EXPECT_THAT(settings.boolean("a").error().what(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(settings.duration("a").error().what(), Not(HasSubstr("hunter2")));
}

TEST_F(ExpandSettings, HandsTheValuesOfSecretsOverToBeTakenOutOfOtherTexts) {
  EXPECT_EQ(value("a: user:${secret:kafka-password}@host"), "user:hunter2@host");
  EXPECT_EQ(secrets_.redact("cannot reach user:hunter2@host"), "cannot reach user:(secret)@host");
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
