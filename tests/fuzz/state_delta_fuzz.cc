// Deltas and the keys in them: any bytes are read or refused, and what is read is written again as
// it was.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "checkpoint/delta_log.h"
#include "checkpoint/lsm_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  const std::string_view piece(reinterpret_cast<const char*>(data), size);
  (void)read_delta_piece(piece, [](const DeltaRecord& record) -> Status {
    if (const auto address = parse_entry_key(record.key)) {
      std::string key;
      append_entry_key(address->group, address->state, address->key, address->name_space, key);
      key += address->map_key;
      TRIBUTARY_CHECK(key == record.key);
    }
    if (const auto timer = parse_timer_key(record.key)) {
      std::string key;
      append_timer_key(timer->group, timer->state, timer->domain, timer->at, timer->key,
                       timer->name_space, timer->name, key);
      TRIBUTARY_CHECK(key == record.key);
    }
    return {};
  });
  return 0;
}
