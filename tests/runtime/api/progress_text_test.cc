#include "runtime/api/progress_text.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "runtime/api/terminal.h"

namespace tributary {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;

JobProgress sample() {
  JobProgress progress;
  progress.elapsed_s = 12.34;
  progress.interval_s = 1;
  progress.records_in = 1'234'567;
  progress.rate = 100'123.4;
  progress.backlog = 2'000'000;
  progress.backlog_unit = "bytes";
  progress.remaining_s = 20;
  progress.watermark = *parse_timestamp("2026-09-01T10:00Z");
  progress.stages = {{.stage = 0,
                      .name = "charges -> attribute",
                      .tasks = 2,
                      .records_in = 1'234'567,
                      .records_out = 1'234'000,
                      .rate = 100'123.4,
                      .busy_ratio = 0.1,
                      .backpressured_ratio = 0.9,
                      .waiting_bytes = 4096,
                      .backlog = 2'000'000},
                     {.stage = 1,
                      .name = "hourly-cost",
                      .tasks = 2,
                      .records_in = 1'233'000,
                      .rate = 99'000,
                      .busy_ratio = 0.98,
                      .idle_ratio = 0.02,
                      .busiest_ratio = 0.99,
                      .inbox_bytes = 65'536}};
  progress.bottleneck = Bottleneck{0, 1};
  return progress;
}

TEST(ProgressText, GroupsThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-1000), "-1,000");
  EXPECT_EQ(grouped(-999), "-999");
}

TEST(ProgressText, ShowsTimeAsPeopleSayIt) {
  EXPECT_EQ(seconds_text(0.314), "0.31 s");
  EXPECT_EQ(seconds_text(12.34), "12.3 s");
  EXPECT_EQ(seconds_text(200), "3 min 20 s");
  EXPECT_EQ(seconds_text(7500), "2 h 5 min");
}

TEST(ProgressText, IsOneLineForALog) {
  EXPECT_EQ(
      progress_line(sample()),
      "12.3 s  read 1,234,567  100,123 records/s  backlog 2,000,000 bytes (about 20.0 s)  "
      "watermark "
      "2026-09-01T10:00:00Z  backpressured: charges -> attribute waits for hourly-cost, which is "
      "busy 98 % of the "
      "time");
}

TEST(ProgressText, IsABlockForATerminal) {
  EXPECT_THAT(progress_block(sample(), "spend", 200),
              ElementsAre(HasSubstr("spend  12.3 s  read 1,234,567"),
                          Eq("  stage                            in            out       in/s   "
                             "busy   held"),
                          Eq("  charges -> attribute      1,234,567      1,234,000    100,123   "
                             "10 %   90 %"),
                          Eq("  hourly-cost               1,233,000              0     99,000   "
                             "98 %    0 %"),
                          HasSubstr("backpressured: charges -> attribute waits for hourly-cost")));
}

TEST(ProgressText, FitsTheTerminal) {
  for (const std::string& line : progress_block(sample(), "spend", 40)) {
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    EXPECT_LE(line.size() - static_cast<std::size_t>(std::ranges::count_if(line, continues)), 40u)
        << line;
  }
}

TEST(ProgressText, CutsNamesAndNoNumbersAtEightyColumns) {
  JobProgress progress = sample();
  progress.stages[0].name = "charges -> route -> ünïcödé -> attribute -> spread";
  progress.stages[0].records_in = 9'999'999'999;
  const std::string line = progress_block(progress, "spend", 80)[2];
  EXPECT_THAT(line, ::testing::EndsWith("9,999,999,999      1,234,000    100,123   10 %   90 %"));
  EXPECT_THAT(line, HasSubstr("…"));
  EXPECT_THAT(progress_block(progress, "spend", 80)[3],
              ::testing::EndsWith("1,233,000              0     99,000   98 %    0 %"));
}

TEST(ProgressText, IsDrawnOverItself) {
  EXPECT_EQ(redraw(0, {"a", "b"}), "a\nb\n");
  EXPECT_EQ(redraw(2, {"c"}), "\x1b[2F\x1b[Jc\n");
  EXPECT_EQ(redraw(1, {}), "\x1b[1F\x1b[J");
}

TEST(ProgressJson, IsOneLineWithPlainNumbers) {
  const std::string line = progress_json(sample(), "spend");
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["event"], "progress");
  EXPECT_EQ(json["records_in"], 1'234'567);
  EXPECT_EQ(json["rate"], 100'123);
  EXPECT_EQ(json["watermark"], "2026-09-01T10:00:00Z");
  EXPECT_EQ(json["bottleneck"]["stage"], "charges -> attribute");
  EXPECT_EQ(json["bottleneck"]["cause"], "hourly-cost");
  const auto& stage = json["stages"][1];
  EXPECT_EQ(stage["busy_ratio"], 0.98);
  EXPECT_EQ(stage["backpressured_ratio"], 0.0);
  EXPECT_EQ(stage["inbox_bytes"], 65'536);
  EXPECT_TRUE(stage["watermark"].is_null());
  EXPECT_TRUE(stage["backlog"].is_null());
}

TEST(ProgressJson, HasNoBottleneckWhereThereIsNone) {
  JobProgress progress = sample();
  progress.bottleneck = std::nullopt;
  EXPECT_TRUE(nlohmann::json::parse(progress_json(progress, "spend"))["bottleneck"].is_null());
}

// Rules 9 and 20: who reads progress learns since when nothing becomes visible.
TEST(ProgressJson, Rule20_SaysSinceWhenOutputIsHeld) {
  JobProgress progress = sample();
  EXPECT_FALSE(nlohmann::json::parse(progress_json(progress, "spend")).contains("checkpoints"));
  progress.checkpoints.emplace();
  progress.checkpoints->newest = {7};
  const auto checkpoints = [&] {
    return nlohmann::json::parse(progress_json(progress, "spend"))["checkpoints"];
  };
  EXPECT_EQ(checkpoints()["newest"], 7);
  EXPECT_TRUE(checkpoints()["output_held_since"].is_null());
  progress.checkpoints->output_held_since = Timestamp{0};
  EXPECT_EQ(checkpoints()["output_held_since"], "1970-01-01T00:00:00Z");
}

}  // namespace
}  // namespace tributary
