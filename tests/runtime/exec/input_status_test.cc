#include "runtime/exec/input_status.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

ControlEvent watermark(std::int64_t t) { return ControlEvent::at_watermark(Timestamp{t}); }
constexpr ControlEvent kIdle{.kind = ControlKind::kIdle};
constexpr ControlEvent kActive{.kind = ControlKind::kActive};

TEST(InputStatusTest, TheWatermarkIsTheLowestOfAllInputs) {
  InputStatus status(2);
  EXPECT_FALSE(status.on_event(0, watermark(10)).watermark);
  EXPECT_EQ(status.on_event(1, watermark(4)).watermark, Timestamp{4});
  EXPECT_EQ(status.on_event(1, watermark(20)).watermark, Timestamp{10});
  EXPECT_FALSE(status.on_event(1, watermark(30)).watermark);
}

TEST(InputStatusTest, AnIdleInputIsNotWaitedFor) {
  InputStatus status(2);
  status.on_event(0, watermark(10));
  EXPECT_EQ(status.on_event(1, kIdle).watermark, Timestamp{10});
  EXPECT_EQ(status.on_event(0, watermark(12)).watermark, Timestamp{12});
}

TEST(InputStatusTest, AnInputThatComesBackBehindNeverTurnsEventTimeBack) {
  InputStatus status(2);
  status.on_event(0, watermark(10));
  status.on_event(1, kIdle);
  EXPECT_FALSE(status.on_event(1, kActive).watermark);
  EXPECT_FALSE(status.on_event(1, watermark(3)).watermark);
  EXPECT_FALSE(status.on_event(0, watermark(30)).watermark) << "held by the input at 3";
  EXPECT_EQ(status.watermark(), Timestamp{10});
  EXPECT_EQ(status.on_event(1, watermark(15)).watermark, Timestamp{15});
}

TEST(InputStatusTest, IsIdleWhenEveryInputIsAndActiveWithTheFirst) {
  InputStatus status(2);
  EXPECT_FALSE(status.on_event(0, kIdle).became_idle);
  EXPECT_TRUE(status.on_event(1, kIdle).became_idle);
  EXPECT_FALSE(status.on_event(1, kIdle).became_idle);
  EXPECT_TRUE(status.on_event(0, kActive).became_active);
  EXPECT_FALSE(status.on_event(1, kActive).became_active);
}

TEST(InputStatusTest, IsIdleWhenTheInputsThatHaveNotEndedAre) {
  InputStatus status(2);
  status.on_event(0, kIdle);
  const InputStatus::Change change = status.on_event(1, ControlEvent::end(true));
  EXPECT_TRUE(change.became_idle);
  EXPECT_FALSE(change.ended);
}

constexpr ControlEvent kIdleForGood{.kind = ControlKind::kIdle, .has_no_event_time = true};

TEST(InputStatusTest, EventTimeEndsWhenThoseThatHaveItAreReadAndTheOthersAreIdleForGood) {
  InputStatus status(2);
  EXPECT_FALSE(status.on_event(1, kIdleForGood).event_time_ended);
  status.on_event(0, watermark(10));
  const InputStatus::Change change = status.on_event(0, ControlEvent::end(true));
  EXPECT_TRUE(change.event_time_ended);
  EXPECT_FALSE(change.ended);
  EXPECT_FALSE(status.on_event(1, kIdleForGood).event_time_ended) << "told twice";
  EXPECT_TRUE(status.on_event(1, ControlEvent::end(true)).ended);
}

TEST(InputStatusTest, EventTimeDoesNotEndWhileAnInputIsMerelyIdleOrWasStopped) {
  InputStatus merely_idle(2);
  merely_idle.on_event(0, watermark(10));
  merely_idle.on_event(1, kIdle);
  EXPECT_FALSE(merely_idle.on_event(0, ControlEvent::end(true)).event_time_ended);
  EXPECT_TRUE(merely_idle.on_event(1, kIdleForGood).event_time_ended);

  InputStatus stopped(2);
  stopped.on_event(0, watermark(10));
  stopped.on_event(1, kIdleForGood);
  EXPECT_FALSE(stopped.on_event(0, ControlEvent::end(false)).event_time_ended);

  InputStatus without(2);
  without.on_event(0, kIdleForGood);
  EXPECT_FALSE(without.on_event(1, ControlEvent::end(true)).event_time_ended)
      << "nobody ever had event time";
}

TEST(InputStatusTest, IsIdleForGoodWhenEveryInputIs) {
  InputStatus status(2);
  status.on_event(0, kIdle);
  InputStatus::Change change = status.on_event(1, kIdleForGood);
  EXPECT_TRUE(change.became_idle);
  EXPECT_FALSE(change.has_no_event_time);
  change = status.on_event(0, kIdleForGood);
  EXPECT_TRUE(change.became_idle);
  EXPECT_TRUE(change.has_no_event_time);
}

TEST(InputStatusTest, EndsWithTheLastInput) {
  InputStatus status(2);
  EXPECT_FALSE(status.on_event(0, ControlEvent::end(true)).ended);
  const InputStatus::Change change = status.on_event(1, ControlEvent::end(true));
  EXPECT_TRUE(change.ended);
  EXPECT_TRUE(change.drained);
  EXPECT_TRUE(status.ended());
}

TEST(InputStatusTest, IsDrainedOnlyIfEveryInputWas) {
  InputStatus status(2);
  status.on_event(0, ControlEvent::end(false));
  const InputStatus::Change change = status.on_event(1, ControlEvent::end(true));
  EXPECT_TRUE(change.ended);
  EXPECT_FALSE(change.drained);
}

TEST(InputStatusTest, AnInputThatWasReadToItsEndHoldsNothingBack) {
  InputStatus status(2);
  status.on_event(0, watermark(5));
  status.on_event(1, watermark(9));
  EXPECT_EQ(status.on_event(0, ControlEvent::end(true)).watermark, Timestamp{9});
}

TEST(InputStatusTest, AnInputThatWasStoppedHoldsItsWatermark) {
  InputStatus status(2);
  status.on_event(0, watermark(5));
  status.on_event(1, watermark(9));
  EXPECT_FALSE(status.on_event(0, ControlEvent::end(false)).watermark);
  EXPECT_EQ(status.watermark(), Timestamp{5});
}

TEST(InputStatusTest, AMarkerSaysNothingAboutEventTime) {
  InputStatus status(1);
  const InputStatus::Change change =
      status.on_event(0, {.kind = ControlKind::kMarker, .marker = 3});
  EXPECT_FALSE(change.watermark || change.became_idle || change.became_active || change.ended);
}

}  // namespace
}  // namespace tributary
