// tests/operators/testing/spend_job.h
// A small job that uses what jobs use: file sources, a gate, a broadcast of rules, a process with
// timers and a side output, windows of both kinds, dead letters. For tests of JobTest.
#pragma once

#include <string>

#include <tributary/dead_letters.h>
#include <tributary/files.h>
#include <tributary/job.h>

namespace tributary::testing::spend {

struct Charge {
  Text team;
  Timestamp start;
  Amount billed;
};
TRIBUTARY_RECORD(Charge, team, start, billed);

struct Discount {
  Text team;
  std::int64_t percent = 0;
};
TRIBUTARY_RECORD(Discount, team, percent);

struct HourlySpend {
  Text team;
  Timestamp hour;
  Amount billed;
};
TRIBUTARY_RECORD(HourlySpend, team, hour, billed);

struct Reminder {
  Text team;
  std::int64_t charges = 0;
};
TRIBUTARY_RECORD(Reminder, team, charges);

struct SpendSettings {
  Duration lateness = days(1);
  Text output = "/nowhere/spend-of-teams";
};
TRIBUTARY_RECORD(SpendSettings, lateness, output);

// Applies the discount of the team; a team without one goes aside. A minute after a team's first
// charge it reminds.
class Price : public BroadcastProcess<Text, Charge, Discount, Charge> {
 public:
  static constexpr SideOutput<Charge> unpriced{"unpriced"};
  static constexpr SideOutput<Reminder> reminders{"reminders"};

  void on_record(const Charge& charge, Context& ctx) {
    if (charge.team == "poison") throw std::runtime_error("no such team");
    seen_.update([&](Reminder& seen) {
      seen.team = charge.team;
      if (seen.charges++ == 0) ctx.set_processing_timer(ctx.processing_time() + minutes(1));
    });
    const Discount* discount = discounts_.get(charge.team);
    if (discount == nullptr) return ctx.emit(unpriced, charge);
    Charge priced = charge;
    priced.billed.units -= priced.billed.units / 100 * discount->percent;
    ctx.emit(priced);
  }
  void on_broadcast(const Discount& discount, BroadcastContext& ctx) {
    discounts_.put(ctx, discount.team, discount);
  }
  void on_timer(const Timer&, Context& ctx) { ctx.emit(reminders, *seen_); }

 private:
  Value<Reminder> seen_ = value<Reminder>("seen");
  BroadcastMap<Text, Discount> discounts_ = broadcast_map<Text, Discount>("discounts");
};

struct Sum {
  using Accumulator = HourlySpend;
  void add(HourlySpend& sum, const Charge& charge) { sum.billed.units += charge.billed.units; }
  HourlySpend result(const Text& team, const Window& window, const HourlySpend& sum) {
    return {.team = team, .hour = window.start, .billed = sum.billed};
  }
  HourlySpend difference(const HourlySpend& now, const HourlySpend& before) {
    HourlySpend changed = now;
    changed.billed.units -= before.billed.units;
    return changed;
  }
};

inline void spend_by_team(Job& job, const SpendSettings& settings) {
  auto discounts = job.source("discounts", files<Discount>("/nowhere/discounts"));
  auto charges = job.source("charges", files<Charge>("/nowhere/charges"))
                     .event_time(&Charge::start, bounded_lateness(10min))
                     .on_bad_record(dead_letter(dead_letters("/nowhere/dead")))
                     .after(discounts.caught_up());
  auto priced = charges.key_by(&Charge::team).with(discounts.broadcast()).process<Price>("price");
  priced.side_output(Price::unpriced).sink("unpriced", files<Charge>("/nowhere/unpriced"));
  priced.side_output(Price::reminders).sink("reminders", files<Reminder>("/nowhere/reminders"));
  auto hours =
      priced.key_by(&Charge::team).window(tumbling(1h), allowed_lateness(settings.lateness));
  hours.aggregate<Sum>("hourly", emit(total))
      .sink("spend", files_upsert<HourlySpend>(settings.output.str()));
  hours.aggregate<Sum>("hourly-changes", emit(difference))
      .sink("changes", files<HourlySpend>("/nowhere/changes"));
}

}  // namespace tributary::testing::spend
