#include "operators/testing/interruptions.h"

#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace tributary::testing {
namespace {

using Kind = Interruption::Kind;

// Some tens of turns do what a small test pushes; a large one takes more.
constexpr std::uint64_t kTurnsInFlight = 200;

// Steps before which all is at rest and the job is up.
std::vector<std::size_t> places_in(const std::vector<HistoryEvent>& history) {
  std::vector<std::size_t> places;
  bool up = true;
  for (std::size_t step = 0; step < history.size(); ++step) {
    if (up && (step == 0 || !history[step - 1].is_push())) places.push_back(step);
    const HistoryEvent::Kind kind = history[step].kind;
    if (kind == HistoryEvent::Kind::kCrash) up = false;
    if (kind == HistoryEvent::Kind::kRestore) up = true;
  }
  return places;
}

void interrupt_at_rest(const Interruption& interruption, TestRun& run) {
  // Before the first step there is nothing; and a checkpoint would be the first step.
  if (interruption.step == 0) return;
  run.checkpoint();
  if (interruption.kind == Kind::kRescale) return run.rescale(interruption.slots);
  if (interruption.kind != Kind::kCrash) return;
  run.crash();
  run.restore();
}

}  // namespace

std::vector<Interruption> choose_interruptions(const std::vector<HistoryEvent>& history,
                                               std::uint32_t most, std::uint32_t slots_max,
                                               Random& random) {
  const std::vector<std::size_t> places = places_in(history);
  std::map<std::size_t, Interruption> chosen;
  if (places.empty()) return {};
  for (std::uint64_t left = random.below(std::uint64_t{most} + 1); left > 0; --left) {
    Interruption one{.step = places[random.below(places.size())], .in_flight = {}};
    one.kind = static_cast<Kind>(random.below(3));
    one.slots = static_cast<std::uint32_t>(random.below(slots_max)) + 1;
    one.in_flight = {.turns = random.below(kTurnsInFlight),
                     .checkpoint = random.chance(1, 2),
                     .turns_after = random.below(kTurnsInFlight)};
    if (one.step == 0) one.kind = Kind::kInFlight;
    chosen.insert({one.step, one});
  }
  std::vector<Interruption> all;
  all.reserve(chosen.size());
  for (auto& [step, one] : chosen) all.push_back(std::move(one));
  return all;
}

std::string text_of(const std::vector<Interruption>& interruptions) {
  std::string text;
  for (const Interruption& one : interruptions) {
    switch (one.kind) {
      case Kind::kCrash:
        text += fmt::format(", restored before step {}", one.step + 1);
        break;
      case Kind::kInFlight:
        text +=
            fmt::format(", crashed with what is pushed from step {} on in flight", one.step + 1);
        break;
      case Kind::kRescale:
        text += fmt::format(", on {} slots from step {} on", one.slots, one.step + 1);
        break;
    }
  }
  return text;
}

void apply(const std::vector<HistoryEvent>& history, const std::vector<Interruption>& interruptions,
           TestRun& run) {
  auto next = interruptions.begin();
  const Interruption* in_flight = nullptr;
  for (std::size_t step = 0; step <= history.size(); ++step) {
    const bool push = step < history.size() && history[step].is_push();
    if (next != interruptions.end() && next->step == step) {
      if (!run.over()) {
        interrupt_at_rest(*next, run);
        if (next->kind == Kind::kInFlight) in_flight = &*next;
      }
      ++next;
    }
    if (in_flight != nullptr && !push) {
      run.crash_in_flight(std::exchange(in_flight, nullptr)->in_flight);
      if (run.down()) run.restore();
    }
    if (step < history.size()) apply(history[step], run);
  }
}

}  // namespace tributary::testing
