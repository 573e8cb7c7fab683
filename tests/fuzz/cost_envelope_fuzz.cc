// tests/fuzz/cost_envelope_fuzz.cc
// Any bytes are either a charge within every limit, or a rejection that names a reason.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "jobs/cost_attribution/core/command.h"
#include "jobs/cost_attribution/core/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  using namespace tributary::cost;
  static EnvelopeParser parser;
  const std::string_view record(reinterpret_cast<const char*>(data), size);
  const Timestamp ingest_time{1'790'000'000'000'000};
  const auto first = parser.parse(record, ingest_time);
  if (first) {
    const Envelope& envelope = **first;
    TRIBUTARY_CHECK(is_tenant_name(envelope.head.tenant), "tenant");
    TRIBUTARY_CHECK(envelope.row.tags.size() <= kTagCountMax, "tags");
    TRIBUTARY_CHECK(envelope.row.start <= envelope.row.end, "times");
    for (const std::string_view column : envelope.row.columns)
      TRIBUTARY_CHECK(column.size() <= kTextBytesMax, "text");
    const ContentHash hash = envelope.hash;
    const auto again = parser.parse(record, ingest_time);
    TRIBUTARY_CHECK(again.has_value() && (*again)->hash == hash, "a parser keeps nothing");
  } else {
    TRIBUTARY_CHECK(first.error().value.size() <= 256, "value");
    TRIBUTARY_CHECK(!first.error().message.empty(), "message");
  }
  static_cast<void>(parse_command(record));
  return 0;
}
