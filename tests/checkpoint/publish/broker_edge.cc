#include "tests/checkpoint/publish/broker_edge.h"

#include <fmt/format.h>

namespace tributary::model {

void BrokerEdge::emit(Process& process, const Seen& record) {
  const std::string line = to_line(record);
  const std::string key = fmt::format("{}", record.key);
  const auto outputs = static_cast<std::int32_t>(calls_.outputs());
  world_.stage(process, {.destination = "out",
                         .partition = static_cast<std::int32_t>(record.key / 3) % outputs,
                         .key = key,
                         .value = line});
}

Result<std::vector<std::vector<Seen>>> BrokerEdge::read_all() {
  std::vector<std::vector<Seen>> all;
  for (std::uint32_t partition = 0; partition < calls_.outputs(); ++partition) {
    std::vector<Seen>& seen = all.emplace_back();
    for (const std::string& line : TRY(calls_.read_partition(partition)))
      seen.push_back(from_line(line));
  }
  return all;
}

}  // namespace tributary::model
