// Records and connectors for tests of the typed API: sources that read nothing, sinks that write
// nothing.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <tributary/job.h>

#include "operators/job_builder.h"

namespace tributary::testing {

struct Charge {
  Text account;
  Timestamp start;
  std::int64_t units = 0;
  Text note;
};
TRIBUTARY_RECORD(Charge, account, start, units, note);

// `note` must outlive it.
inline Charge charge(std::string_view account, std::int64_t units, std::string_view note = {}) {
  return {.account = account, .start = {}, .units = units, .note = note};
}

struct Line {
  Text account;
  std::int64_t units = 0;
  Text text;
};
TRIBUTARY_RECORD(Line, account, units, text);

struct Rule {
  Text account;
  std::int64_t factor = 1;
};
TRIBUTARY_RECORD(Rule, account, factor);

class NoReader final : public SourceReader {
 public:
  Status add_split(const Split&) override { return {}; }
  void no_more_splits() override {}
  Result<ReadResult> read(SourceOutput&) override {
    return ReadResult{.state = ReadState::kEnd, .retry_at = {}};
  }
  bool caught_up() const override { return true; }
  std::vector<Split> positions() const override { return {}; }
};
class NoLister final : public SplitLister {
 public:
  Result<std::vector<Split>> list() override { return std::vector<Split>{}; }
};
class DropOperator final : public Operator {
 public:
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t, Output&) override {
    return batch->size();
  }
};

template <typename T, StreamKind kKind = StreamKind::kAppend>
SourceSpec<T, kKind> none() {
  return {.untyped = {.operator_type = "none",
                      .record_type = nullptr,
                      .bounded = true,
                      .properties = {{"path", "nowhere"}},
                      .make_reader = [] { return std::make_unique<NoReader>(); },
                      .make_lister = [] { return std::make_unique<NoLister>(); }}};
}

template <typename T, StreamKind... kAccepted>
SinkSpec<T, kAccepted...> drop() {
  return {.untyped = {.operator_type = "drop",
                      .record_type = nullptr,
                      .parallelism = 0,
                      .properties = {},
                      .make_operator = [] { return std::make_unique<DropOperator>(); }}};
}

constexpr Timestamp at(std::int64_t s) { return Timestamp{s * 1'000'000}; }

// The program of a graph that needs no settings.
template <void (*kGraph)(Job&)>
JobProgram program_of() {
  Result<JobProgram> made =
      make_program<Settings>("test", +[](Job& job, const Settings&) { kGraph(job); }, Settings{});
  TRIBUTARY_CHECK(made.has_value(), "{}", made ? "" : made.error().to_string());
  return std::move(*made);
}

}  // namespace tributary::testing
