#include <algorithm>
#include <exception>

#include <tributary/internal/call_core.h>

namespace tributary::internal {

Timestamp CallCore::processing_time() {
  if (!now_known_) {
    now_ = engine_->clock().now();
    now_known_ = true;
  }
  return now_;
}

std::uint32_t CallCore::port_of(const char* name) {
  for (const auto& [known, port] : known_ports_) {
    if (known == name) return port;
  }
  const auto found = std::ranges::find(*sides_, std::string_view(name));
  const std::uint32_t port =
      found == sides_->end() ? 0 : static_cast<std::uint32_t>(found - sides_->begin()) + 1;
  known_ports_.emplace_back(name, port);
  return port;
}

void CallCore::emit_side(const char* name, const TypeInfo& type, const void* record,
                         Timestamp event_time, std::uint64_t key_hash) {
  const std::uint32_t port = port_of(name);
  if (port == 0 || !emitter.connected(port)) {
    // Not lost unseen.
    engine_->count("unread_side_output_records", 1);
    return;
  }
  emitter.copy(port, type, record, event_time, key_hash, Operation::kInsert);
}

void fail_record(std::uint32_t record) { throw RecordFailure{record, std::current_exception()}; }

}  // namespace tributary::internal
