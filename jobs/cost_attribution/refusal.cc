#include "jobs/cost_attribution/refusal.h"

#include "base/base64.h"

namespace tributary::cost {

namespace {
constexpr std::size_t kRawMax = 64 * 1024;
}

DeadLetter dead_letter_of(const Rejection& rejection, const Origin& origin, Arena& arena) {
  DeadLetter letter{.reason = reason_name(rejection.reason),
                    .field = Text(rejection.field, arena),
                    .value = Text(rejection.value, arena),
                    .message = Text(rejection.message, arena),
                    .tenant = {},
                    .topic = origin.topic,
                    .partition = origin.partition,
                    .offset = origin.offset,
                    .line = origin.line,
                    .ingest_time = origin.ingest_time,
                    .raw = Text(base64_encode(origin.raw.view().substr(0, kRawMax)), arena)};
  if (rejection.head.tenant) letter.tenant = Optional<Text>(Text(*rejection.head.tenant, arena));
  return letter;
}

}  // namespace tributary::cost
