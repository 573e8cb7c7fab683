#include "runtime/api/settings_override.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/api/settings_yaml.h"

namespace tributary {
namespace {

using ::testing::HasSubstr;

Settings after(std::string_view document, std::string_view assignment) {
  const Result<Settings> changed =
      override_setting(*parse_settings_yaml(document, "job.yaml"), assignment);
  EXPECT_TRUE(changed.has_value()) << (changed ? "" : changed.error().to_string());
  return changed.value_or(Settings::map());
}
std::string fault(std::string_view document, std::string_view assignment) {
  const Result<Settings> changed =
      override_setting(*parse_settings_yaml(document, "job.yaml"), assignment);
  return changed ? "no fault" : changed.error().to_string();
}

TEST(OverrideSetting, ReplacesAValueAndKeepsTheOthers) {
  const Settings settings = after("a: 1\nb: 2\n", "a=3");
  EXPECT_EQ(settings.find("a")->scalar(), "3");
  EXPECT_EQ(settings.find("b")->scalar(), "2");
  EXPECT_EQ(settings.entries()[1].line, 2);
  EXPECT_EQ(settings.document(), "job.yaml");
}

TEST(OverrideSetting, MakesTheMapsOnTheWay) {
  EXPECT_EQ(after("", "a.b.c=x=y").find("a.b.c")->scalar(), "x=y");
}

TEST(OverrideSetting, TakesAnEmptyValue) { EXPECT_EQ(after("a: 1", "a=").find("a")->scalar(), ""); }

TEST(OverrideSetting, GoesIntoListsByIndex) {
  EXPECT_EQ(after("a: [x, y]", "a.1=z").find("a")->items()[1].scalar(), "z");
  EXPECT_EQ(after("a: [{b: 1}]", "a.0.b=2").find("a")->items()[0].find("b")->scalar(), "2");
  EXPECT_EQ(after("a: [x]", "a.1.b=2").find("a")->items()[1].find("b")->scalar(), "2");
}

TEST(OverrideSetting, BeginsAListWhereNothingIs) {
  const Settings one = after("b: 1", "tenants.0=acme");
  ASSERT_EQ(one.find("tenants")->kind(), Settings::Kind::kList);
  EXPECT_EQ(one.find("tenants")->items()[0].scalar(), "acme");
  EXPECT_EQ(after("a: {b:}", "a.b.0.c=x").find("a.b")->items()[0].find("c")->scalar(), "x");
  // There a map was meant.
  EXPECT_EQ(after("a: {x: 1}", "a.0=y").find("a")->kind(), Settings::Kind::kMap);
}

TEST(OverrideSetting, RefusesAnIndexBeyondTheList) {
  EXPECT_THAT(fault("a: [x]", "a.2=z"), HasSubstr("no index into a list of 1"));
  EXPECT_THAT(fault("a: [x]", "a.first=z"), HasSubstr("no index"));
  EXPECT_THAT(fault("a: [x]", "a.-1=z"), HasSubstr("no index"));
}

TEST(OverrideSetting, RefusesAPathThroughAText) {
  EXPECT_THAT(fault("a: 1", "a.b=2"), HasSubstr("is a text"));
}

TEST(OverrideSetting, RefusesWhatIsNoAssignment) {
  EXPECT_THAT(fault("", "a"), HasSubstr("expected name=value"));
  EXPECT_THAT(fault("", "=a"), HasSubstr("expected name=value"));
  EXPECT_THAT(fault("", "a..b=c"), HasSubstr("an empty name"));
}

TEST(OverrideSetting, RefusesNestingBeyondTheLimit) {
  std::string path = "a";
  for (int i = 0; i < kSettingsDepthMax; ++i) path += ".a";
  EXPECT_THAT(fault("", path + "=1"), HasSubstr("deeper than 32"));
}

}  // namespace
}  // namespace tributary
