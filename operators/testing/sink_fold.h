// operators/testing/sink_fold.h
// What a sink's stream amounts to, by its kind, so that two runs of a job can be compared: of an
// upsert stream the latest record of each key, of a delta stream the sums of each key, of an append
// stream how often each record came.
//
// Values; no thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/type_info.h"
#include "operators/testing/sink_collector.h"

namespace tributary::testing {

// A field of a sink's record, found by its place in the record.
struct FoldField {
  std::size_t offset = 0;
  const TypeInfo* type = nullptr;
};

// What the test said of a sink: keyed_by(…), summing(…).
struct SinkFold {
  std::vector<FoldField> keys;
  std::vector<FoldField> sums;
};

// By key, as text. JobTestFailure when the stream's kind needs a fold that is not declared, or a
// sum overflows.
std::map<std::string, std::string> fold_sink(const SinkCollector& sink, const SinkFold& fold);

// The first entry in which they differ, as a sentence; nothing if they are equal.
std::optional<std::string> first_difference(const std::map<std::string, std::string>& expected,
                                            const std::map<std::string, std::string>& found);

}  // namespace tributary::testing
