// Any bytes as a bill: a header is taken or refused, a row mapped or refused, and the line written
// of a mapped row is one that the job's own parser takes or refuses for its values, never for its
// form. The first byte chooses format and id column.
#include <cstddef>
#include <cstdint>
#include <simdjson.h>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "jobs/cost_attribution/core/envelope.h"
#include "jobs/cost_attribution/tools/cur_csv.h"
#include "jobs/cost_attribution/tools/envelope_writer.h"
#include "jobs/cost_attribution/tools/focus_csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  using namespace tributary::cost;
  if (size == 0) return 0;
  static EnvelopeParser parser;
  CsvSplitter splitter({.row_bytes_max = 16 * 1024});
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool is_utf8 = simdjson::validate_utf8(bytes.data(), bytes.size());
  splitter.feed(bytes);
  splitter.finish();
  std::unique_ptr<BillFormat> format;
  BillRow row;
  std::string line;
  while (auto next = splitter.next()) {
    if (!*next) continue;
    if (format == nullptr) {
      auto made = data[0] % 3 == 0   ? make_cur_format((*next)->cells)
                  : data[0] % 3 == 1 ? make_focus_format((*next)->cells, "")
                                     : make_focus_format((*next)->cells, "ResourceId");
      if (!made) {
        TRIBUTARY_CHECK(made.error().code() == ErrorCode::D101, "{}", made.error().to_string());
        return 0;
      }
      format = std::move(*made);
      continue;
    }
    if (const Status mapped = format->map((*next)->cells, row); !mapped) {
      const ErrorCode code = mapped.error().code();
      TRIBUTARY_CHECK(code == ErrorCode::D101 || code == ErrorCode::D105, "{}",
                      mapped.error().to_string());
      continue;
    }
    TRIBUTARY_CHECK(!row.identity.empty(), "a row without identity");
    if (!row.has_own_id && is_utf8)
      TRIBUTARY_CHECK(nlohmann::json::accept(row.identity), "{}", row.identity);
    const std::string id = row.has_own_id ? row.identity : "hashed";
    const ChargeHead head{.tenant = "acme",
                          .source = "bill",
                          .period = row.period.value_or(Period{2026 * 12 + 8}),
                          .shard = shard_of(id, 8),
                          .charge_id = id,
                          .revision = 1};
    line.clear();
    append_charge(line, head, row);
    line.pop_back();
    const auto judged = parser.parse(line, Timestamp{1'790'000'000'000'000});
    if (judged) {
      TRIBUTARY_CHECK((*judged)->row.start == row.start && (*judged)->row.end == row.end, "times");
      TRIBUTARY_CHECK((*judged)->head.charge_id == id, "{}", line);
    } else if (is_utf8) {
      const DeadLetterReason reason = judged.error().reason;
      TRIBUTARY_CHECK(
          reason != DeadLetterReason::kMalformedJson && reason != DeadLetterReason::kUnknownKind,
          "{}: {}", judged.error().message, line);
    }
  }
  return 0;
}
