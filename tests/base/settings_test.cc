// The settings tree and the strict reading of it into records.
#include "base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/record.h"
#include "base/settings_binder.h"

namespace tributary {
namespace {

using ::testing::HasSubstr;

enum class Mode : std::uint8_t { kFast, kSafe };
TRIBUTARY_ENUM(Mode, kFast, kSafe);

struct Topic {
  Text brokers = "localhost";
  std::int32_t partitions = 1;
};
TRIBUTARY_RECORD(Topic, brokers, partitions);

struct Folder {
  Text dir;
  Duration watch = milliseconds(200);
};
TRIBUTARY_RECORD(Folder, dir, watch);

struct JobSettings {
  Topic charges;
  Optional<Folder> files;
  List<Text> tenants;
  Map<Text, Amount> rates;
  Duration flush = seconds(1);
  Timestamp from;
  Mode mode = Mode::kFast;
  bool strict = true;
};
TRIBUTARY_RECORD(JobSettings, charges, files, tenants, rates, flush, from, mode, strict);

struct Bound {
  Arena arena;
  JobSettings settings;
  std::vector<Error> errors;
  Status status;  // the first of them

  explicit Bound(const Settings& tree)
      : errors(bind_settings(tree, type_info<JobSettings>(), &settings, arena)),
        status(errors.empty() ? Status{} : std::unexpected(errors.front())) {}
};

TEST(Settings, KeepDefaultsWhereNothingIsSaid) {
  const Bound bound{Settings{}};
  ASSERT_TRUE(bound.status.has_value());
  EXPECT_EQ(bound.settings.charges.brokers, "localhost");
  EXPECT_EQ(bound.settings.flush, seconds(1));
  EXPECT_FALSE(bound.settings.files.has_value());
}

TEST(Settings, ReadEveryKindOfField) {
  Settings tree{{"charges.partitions", 64},
                {"files.dir", "a folder with a name that is not short"},
                {"tenants", Settings::list({"acme", "globex"})},
                {"rates.usd", "1.25"},
                {"flush", "200ms"},
                {"from", "2026-09-01T00:00:00Z"},
                {"mode", "safe"},
                {"strict", false}};
  const Bound bound(tree);
  ASSERT_TRUE(bound.status.has_value()) << bound.status.error().what();
  EXPECT_EQ(bound.settings.charges.partitions, 64);
  EXPECT_EQ(bound.settings.charges.brokers, "localhost");
  ASSERT_TRUE(bound.settings.files.has_value());
  EXPECT_EQ(bound.settings.files->dir, "a folder with a name that is not short");
  EXPECT_EQ(bound.settings.files->watch, milliseconds(200));
  ASSERT_EQ(bound.settings.tenants.size(), 2u);
  EXPECT_EQ(bound.settings.tenants[1], "globex");
  ASSERT_NE(bound.settings.rates.find("usd"), nullptr);
  EXPECT_EQ(bound.settings.flush, milliseconds(200));
  EXPECT_EQ(bound.settings.mode, Mode::kSafe);
  EXPECT_FALSE(bound.settings.strict);
}

TEST(Settings, RefuseAnUnknownNameAndProposeTheNearest) {
  Settings charges = Settings::map();
  ASSERT_TRUE(charges.add_entry("brokrs", 7, "a:9092"));
  Settings tree = Settings::map();
  ASSERT_TRUE(tree.add_entry("charges", 6, std::move(charges)));
  tree.set_document("prod.yaml");
  const Bound bound(tree);
  ASSERT_FALSE(bound.status.has_value());
  EXPECT_EQ(bound.status.error().code(), ErrorCode::C101);
  EXPECT_EQ(bound.status.error().what(),
            "unknown setting charges.brokrs (line 7 of prod.yaml); did you mean charges.brokers?");
}

TEST(Settings, SayWhatIsExpectedInsteadOfABadValue) {
  Settings tree = Settings::map();
  ASSERT_TRUE(tree.add_entry("flush", 3, "soon"));
  tree.set_document("job.yaml");
  EXPECT_EQ(Bound(tree).status.error().what(),
            "setting flush (line 3 of job.yaml): expected a length of time such as 200ms, 5s or "
            "40d, got 'soon'");
  EXPECT_EQ(Bound(tree).status.error().code(), ErrorCode::C102);
  EXPECT_THAT(Bound(Settings{{"mode", "slow"}}).status.error().what(),
              HasSubstr("one of fast, safe"));
  EXPECT_THAT(Bound(Settings{{"charges", "here"}}).status.error().what(),
              HasSubstr("a group of settings"));
  EXPECT_THAT(Bound(Settings{{"tenants.first", "acme"}}).status.error().what(),
              HasSubstr("a list of: a text"));
  EXPECT_THAT(Bound(Settings{{"charges.partitions", "3000000000"}}).status.error().what(),
              HasSubstr("int32"));
}

TEST(Settings, SayEverythingThatIsWrongAtOnce) {
  Settings tree{{"flush", "soon"},
                {"charges.brokrs", "a:9092"},
                {"tenants", Settings::list({"acme", Settings::map()})},
                {"mode", "slow"},
                {"strict", false}};
  const Bound bound(tree);
  std::vector<std::string> what;
  for (const Error& error : bound.errors) what.push_back(error.what());
  EXPECT_THAT(what, ::testing::ElementsAre(HasSubstr("flush"), HasSubstr("charges.brokrs"),
                                           HasSubstr("tenants[1]"), HasSubstr("mode")));
}

TEST(Settings, SayAtMostSoManyErrors) {
  Settings tree = Settings::map();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(tree.add_entry(fmt::format("no-{}", i), 0, "x"));
  EXPECT_EQ(Bound(tree).errors.size(), kSettingsErrorsMax);
}

TEST(Settings, TakeASingleTextAsAListOfOneAndBracketsAsSeveral) {
  const auto tenants = [](const char* text) {
    const Bound bound(Settings{{"tenants", text}});
    EXPECT_TRUE(bound.status.has_value()) << text;
    std::vector<std::string> items;
    for (const Text& item : bound.settings.tenants) items.push_back(item.str());
    return items;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(tenants("acme"), ElementsAre("acme"));
  EXPECT_THAT(tenants("acme, inc"), ElementsAre("acme, inc"));
  EXPECT_THAT(tenants("[acme]"), ElementsAre("acme"));
  EXPECT_THAT(tenants("[ acme, globex ]"), ElementsAre("acme", "globex"));
  EXPECT_THAT(tenants("[]"), ::testing::IsEmpty());
  EXPECT_THAT(tenants(""), ::testing::IsEmpty());
}

TEST(Settings, TakeAPathOverTheDocument) {
  Settings tree{{"charges.brokers", "a"}};
  ASSERT_TRUE(tree.set("charges.brokers", "b").has_value());
  ASSERT_TRUE(tree.set("files.dir", "x").has_value());
  EXPECT_EQ(tree.find("charges.brokers")->scalar(), "b");
  EXPECT_EQ(tree.find("files.dir")->scalar(), "x");
  EXPECT_FALSE(tree.set("charges.brokers.deeper", "c").has_value());
  EXPECT_FALSE(tree.set("charges..x", "c").has_value());
}

TEST(Settings, AreReadWithoutARecordToo) {
  const Settings tree{{"a.n", 5}, {"a.on", true}, {"a.wait", "2s"}};
  EXPECT_EQ(*tree.integer("a.n"), 5);
  EXPECT_EQ(*tree.boolean("a.on"), true);
  EXPECT_EQ(*tree.duration("a.wait"), seconds(2));
  EXPECT_EQ(*tree.text("a.name", "nobody"), "nobody");
  EXPECT_FALSE(tree.integer("a.wait").has_value());
}

TEST(Settings, AreDescribedWithTheirDefaults) {
  const std::string text = describe_settings(type_info<JobSettings>());
  EXPECT_THAT(text, HasSubstr("charges.brokers                  a text  [localhost]\n"));
  EXPECT_THAT(text, HasSubstr("files.watch"));
  EXPECT_THAT(text, HasSubstr("[200ms]"));
}

}  // namespace
}  // namespace tributary
