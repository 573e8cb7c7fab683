// tests/operators/testing/account_job.h
// A job that keeps everything that a job can keep: values, maps, lists, rules known to every task,
// timers of both clocks, windows, keys to be woken, a gate. What it amounts to does not depend on
// the order across its sources: a new rate re-prices what it had priced before.
#pragma once

#include <algorithm>
#include <string>

#include <tributary/files.h>
#include <tributary/job.h>

namespace tributary::testing::account {

struct Charge {
  Text team;
  std::int64_t id = 0;
  Timestamp at;
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(Charge, team, id, at, units);

struct Rate {
  Text team;
  std::int64_t factor = 1;
};
TRIBUTARY_RECORD(Rate, team, factor);

struct Priced {
  Charge charge;
  std::int64_t posted = 0;
};
TRIBUTARY_RECORD(Priced, charge, posted);

struct Posting {
  Text team;
  std::int64_t id = 0;
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(Posting, team, id, units);

struct Tally {
  std::int64_t charges = 0;
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(Tally, charges, units);

// What a timer found: the team's tally, and the ids of its charges in the order of arrival.
struct Note {
  Text team;
  Text timer;
  Tally tally;
  Text ids;
};
TRIBUTARY_RECORD(Note, team, timer, tally, ids);

struct Hour {
  Text team;
  Timestamp hour;
  std::int64_t units = 0;
};
TRIBUTARY_RECORD(Hour, team, hour, units);

class Account : public BroadcastProcess<Text, Charge, Rate, Posting, kDelta> {
 public:
  static constexpr SideOutput<Note> notes{"notes"};

  void on_record(const Charge& charge, Context& ctx) {
    if (charge.units < 0 && refuses_refunds) throw std::runtime_error("no refunds today");
    if (!tally_) {
      ctx.set_event_timer(charge.at + hours(2), "after two hours");
      ctx.set_processing_timer(ctx.processing_time() + minutes(1), "after a minute");
    }
    tally_.update([&](Tally& tally) {
      ++tally.charges;
      tally.units += charge.units;
    });
    arrived_.append(charge);
    const Priced priced{.charge = charge, .posted = charge.units * factor(ctx.key())};
    charges_.put(charge.id, priced);
    ctx.emit({.team = ctx.key(), .id = charge.id, .units = priced.posted});
  }

  void on_broadcast(const Rate& rate, BroadcastContext& ctx) {
    rates_.put(ctx, rate.team, rate);
    ctx.wake_keys([team = rate.team.str()](const Text& key) { return key.view() == team; });
  }

  Progress on_wake(Context& ctx) {
    charges_.for_each([&](const std::int64_t& id, const Priced& before) {
      Priced now = before;
      now.posted = now.charge.units * factor(ctx.key());
      ctx.emit({.team = ctx.key(), .id = id, .units = now.posted - before.posted});
      charges_.put(id, now);
    });
    return Progress::kDone;
  }

  // A timer of processing time says only that it fired: what has come by then is chance.
  void on_timer(const Timer& timer, Context& ctx) {
    if (timer.domain == TimeDomain::kProcessing)
      return ctx.emit(notes,
                      {.team = ctx.key(), .timer = Text(timer.name), .tally = {}, .ids = {}});
    std::string ids;
    arrived_.for_each([&](const Charge& charge) { ids += std::to_string(charge.id) + " "; });
    ctx.emit(
        notes,
        {.team = ctx.key(), .timer = Text(timer.name), .tally = *tally_, .ids = ctx.text(ids)});
  }

  static inline bool refuses_refunds = false;

 private:
  std::int64_t factor(const Text& team) const {
    const Rate* rate = rates_.get(team);
    return rate == nullptr ? 1 : rate->factor;
  }
  Value<Tally> tally_ = value<Tally>("tally");
  MapOf<std::int64_t, Priced> charges_ = map<std::int64_t, Priced>("charges");
  ListOf<Charge> arrived_ = list<Charge>("arrived");
  BroadcastMap<Text, Rate> rates_ = broadcast_map<Text, Rate>("rates");
};

struct Sum {
  using Accumulator = Hour;
  void add(Hour& sum, const Charge& charge) { sum.units += charge.units; }
  Hour result(const Text& team, const Window& window, const Hour& sum) {
    return {.team = team, .hour = window.start, .units = sum.units};
  }
};

inline void accounts(Job& job, const Settings&) {
  auto rates = job.source("rates", files<Rate>("/nowhere/rates"));
  auto charges = job.source("charges", files<Charge>("/nowhere/charges"))
                     .event_time(&Charge::at, bounded_lateness(10min))
                     .after(rates.caught_up());
  auto postings = charges.key_by(&Charge::team).with(rates.broadcast()).process<Account>("account");
  postings.sink("postings", files<Posting>("/nowhere/postings"));
  postings.side_output(Account::notes).sink("notes", files<Note>("/nowhere/notes"));
  auto hours = charges.key_by(&Charge::team)
                   .window(tumbling(1h), allowed_lateness(1h))
                   .aggregate<Sum>("hourly", emit(total));
  hours.sink("hours", files_upsert<Hour>("/nowhere/hours"));
  hours.late().sink("too-late", files<Charge>("/nowhere/too-late"));
}

}  // namespace tributary::testing::account
