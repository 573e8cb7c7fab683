// A job whose state is far larger than what it may keep in memory: every key has a payload that is
// written once and checked at each later visit, and a tally; the last visit of a key tells both.
#include <string>

#include <tributary/files.h>
#include <tributary/generator.h>
#include <tributary/job.h>

#include "tests/e2e/jobs/wide_state.h"

namespace tributary::testing {
namespace {

struct Payload {
  Text bytes;
};
TRIBUTARY_RECORD(Payload, bytes);

class Remember : public KeyedProcess<std::int64_t, WideVisit, WideRow> {
 public:
  explicit Remember(WideSettings settings) : settings_(std::move(settings)) {}

  void on_record(const WideVisit& visit, Context& ctx) {
    const std::string expected = payload_of(visit.key, settings_.payload_bytes);
    if (!payload_.present()) payload_.set({.bytes = ctx.text(expected)});
    tally_.update([&](WideRow& tally) {
      tally.key = visit.key;
      ++tally.visits;
      tally.sum += visit.number;
      if (payload_->bytes.view() != expected) ++tally.damaged;
    });
    if (tally_->visits == settings_.visits) ctx.emit(*tally_);
  }

 private:
  const WideSettings settings_;
  Value<Payload> payload_ = value<Payload>("payload");
  Value<WideRow> tally_ = value<WideRow>("tally");
};

void wide_state(Job& job, const WideSettings& settings) {
  job.source("visits", generate<WideVisit>(
                           [settings](std::uint64_t n) {
                             return wide_visit(static_cast<std::int64_t>(n), settings.keys);
                           },
                           {.count = static_cast<std::uint64_t>(settings.keys * settings.visits)}))
      .key_by(&WideVisit::key)
      .process<Remember>("remember", settings)
      .sink("rows", files<WideRow>(settings.output));
}

}  // namespace

TRIBUTARY_JOB("e2e-wide-state", wide_state)

}  // namespace tributary::testing
