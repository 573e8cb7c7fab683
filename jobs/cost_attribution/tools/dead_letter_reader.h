// jobs/cost_attribution/tools/dead_letter_reader.h
// The dead letters of a folder of topics, one by one.
//
// Thread: one. F101, or D101 for a line that is no dead letter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/record.h"

namespace tributary::cost {

struct DeadLetterLine {
  Text reason;
  Optional<Text> field;
  Optional<Text> value;
  Optional<Text> message;
  Optional<Text> tenant;  // when it could be read
  Text topic;
  Optional<Text> partition;
  Optional<std::int64_t> offset;
  Optional<Timestamp> ingest_time;
  Text raw;  // base64
};
TRIBUTARY_RECORD(DeadLetterLine, reason, field, value, message, tenant, topic, partition, offset,
                 ingest_time, raw);

// The letter's texts live until on_letter returns.
Status walk_dead_letters(const std::filesystem::path& dir,
                         const std::function<Status(const DeadLetterLine&)>& on_letter);

// How many are the tenant's.
Result<std::uint64_t> count_dead_letters(const std::filesystem::path& dir, std::string_view tenant);

}  // namespace tributary::cost
