#include "runtime/api/settings_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

using ::testing::HasSubstr;

Settings parsed(std::string_view text) {
  Result<Settings> settings = parse_settings_yaml(text, "prod.yaml");
  EXPECT_TRUE(settings.has_value()) << (settings ? "" : settings.error().to_string());
  return settings.value_or(Settings::map());
}
std::string fault(std::string_view text) {
  const Result<Settings> settings = parse_settings_yaml(text, "prod.yaml");
  if (settings) return "no fault";
  EXPECT_EQ(settings.error().code(), ErrorCode::C103);
  return settings.error().what();
}

TEST(SettingsYaml, KeepsEveryScalarAsTheTextThatItIs) {
  const Settings settings = parsed("a: 007\nb: yes\nc: 1.50\nd: \"x: y\"\ne: 2026-09-01\n");
  EXPECT_EQ(settings.find("a")->scalar(), "007");
  EXPECT_EQ(settings.find("b")->scalar(), "yes");
  EXPECT_EQ(settings.find("c")->scalar(), "1.50");
  EXPECT_EQ(settings.find("d")->scalar(), "x: y");
  EXPECT_EQ(settings.find("e")->scalar(), "2026-09-01");
}

TEST(SettingsYaml, KeepsTheLineOfEachKeyAndTheNameOfTheDocument) {
  const Settings settings = parsed("# first\na: 1\nb:\n  c: 2\n  d: [3, 4]\n");
  EXPECT_EQ(settings.document(), "prod.yaml");
  EXPECT_EQ(settings.entries()[0].line, 2);
  EXPECT_EQ(settings.find("b")->entries()[0].line, 4);
  EXPECT_EQ(settings.find("b.d")->items()[1].scalar(), "4");
  EXPECT_EQ(settings.find("b.d")->line(), 5);
}

TEST(SettingsYaml, TakesAnEmptyDocumentAsNoSettings) {
  EXPECT_TRUE(parsed("").entries().empty());
  EXPECT_TRUE(parsed("# nothing\n").entries().empty());
  EXPECT_TRUE(parsed("a:\n").find("a")->is_null());
}

TEST(SettingsYaml, RefusesAKeyGivenTwiceAndNamesBothLines) {
  EXPECT_THAT(fault("a: 1\nb: 2\na: 3\n"),
              HasSubstr("prod.yaml line 3: key 'a' is given twice (first in line 1)"));
}

TEST(SettingsYaml, RefusesWhatWouldShareOrHideValues) {
  EXPECT_THAT(fault("a: &x 1\nb: 2\n"), HasSubstr("an anchor"));
  EXPECT_THAT(fault("a: &x {b: 1}\n"), HasSubstr("an anchor"));
  EXPECT_THAT(fault("a: *x\n"), HasSubstr("prod.yaml line 1"));
  EXPECT_THAT(fault("a: !!int 1\n"), HasSubstr("a tag"));
  EXPECT_THAT(fault("a: 1\n---\nb: 2\n"), HasSubstr("a second document"));
}

TEST(SettingsYaml, RefusesKeysThatAreNoTexts) {
  EXPECT_THAT(fault("? [1, 2]\n: x\n"), HasSubstr("a key that is no text"));
  EXPECT_THAT(fault("? {a: b}\n: x\n"), HasSubstr("a key that is no text"));
}

TEST(SettingsYaml, RefusesADocumentThatIsNoMap) {
  EXPECT_THAT(fault("just text"), HasSubstr("name: value"));
  EXPECT_THAT(fault("- a\n- b\n"), HasSubstr("name: value"));
}

TEST(SettingsYaml, SaysWhereTheSyntaxIsWrong) {
  EXPECT_THAT(fault("a: 1\nb: [1, 2\n"), HasSubstr("prod.yaml line "));
}

TEST(SettingsYaml, RefusesMoreBytesThanTheLimit) {
  EXPECT_THAT(fault("a: " + std::string(kSettingsBytesMax, 'x')), HasSubstr("too many"));
}

TEST(SettingsYaml, TakesNestingUpToTheLimitAndNoDeeper) {
  const auto nested = [](int depth) {
    return "a: " + std::string(depth - 1, '[') + std::string(depth - 1, ']');
  };
  EXPECT_EQ(fault(nested(kSettingsDepthMax)), "no fault");
  EXPECT_THAT(fault(nested(kSettingsDepthMax + 1)), HasSubstr("deeper than 32"));
  EXPECT_NE(fault("a: " + std::string(100'000, '[')), "no fault");
}

}  // namespace
}  // namespace tributary
