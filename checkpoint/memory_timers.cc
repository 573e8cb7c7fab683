#include "checkpoint/memory_timers.h"

#include <cstring>
#include <utility>

namespace tributary {
namespace {

// Whether a timer comes before another one, given that both have the same time and group.
template <typename Probe>
bool before_by_bytes(const Probe& a, const Probe& b) {
  if (const int keys = a.key.compare(b.key); keys != 0) return keys < 0;
  if (const int name_spaces = a.name_space.compare(b.name_space); name_spaces != 0)
    return name_spaces < 0;
  return a.name < b.name;
}

}  // namespace

MemoryTimers::MemoryTimers(std::uint32_t key_group_count) : key_group_count_(key_group_count) {}

MemoryTimers::Header MemoryTimers::header_of(const Item& item) {
  Header header;
  std::memcpy(&header, item.bytes.get(), sizeof header);
  return header;
}

MemoryTimers::Probe MemoryTimers::probe_of(const Item& item) {
  const Header header = header_of(item);
  const char* bytes = item.bytes.get() + sizeof(Header);
  return {item.at,
          item.group,
          {bytes, header.key_size},
          {bytes + header.key_size, header.name_space_size},
          {bytes + header.key_size + header.name_space_size, header.name_size}};
}

MemoryTimers::Probe MemoryTimers::probe_of(const StateKey& key, std::string_view name,
                                           Timestamp at) const {
  return {at, key_group_of(key.hash, key_group_count_), key.key, key.name_space, name};
}

bool MemoryTimers::Before::operator()(const Item& a, const Item& b) const {
  if (a.at != b.at) return a.at < b.at;
  return a.group != b.group ? a.group < b.group : before_by_bytes(probe_of(a), probe_of(b));
}
bool MemoryTimers::Before::operator()(const Item& a, const Probe& b) const {
  if (a.at != b.at) return a.at < b.at;
  return a.group != b.group ? a.group < b.group : before_by_bytes(probe_of(a), b);
}
bool MemoryTimers::Before::operator()(const Probe& a, const Item& b) const {
  if (a.at != b.at) return a.at < b.at;
  return a.group != b.group ? a.group < b.group : before_by_bytes(a, probe_of(b));
}

std::size_t MemoryTimers::bytes_of(const Header& header) {
  return sizeof(Item) + sizeof(Header) + header.key_size + header.name_space_size +
         header.name_size;
}

void MemoryTimers::set(TimeDomain domain, const StateKey& key, std::string_view name,
                       Timestamp at) {
  Items& timers = items(domain);
  const Probe probe = probe_of(key, name, at);
  const auto place = timers.lower_bound(probe);
  if (place != timers.end() && !Before()(probe, *place)) return;
  const Header header{key.hash, static_cast<std::uint32_t>(key.key.size()),
                      static_cast<std::uint32_t>(key.name_space.size()),
                      static_cast<std::uint32_t>(name.size())};
  const std::size_t size = bytes_of(header) - sizeof(Item);
  auto bytes = std::make_unique_for_overwrite<char[]>(size);
  char* next = bytes.get();
  std::memcpy(next, &header, sizeof header);
  next += sizeof header;
  for (const std::string_view part : {key.key, key.name_space, name}) {
    if (!part.empty()) std::memcpy(next, part.data(), part.size());
    next += part.size();
  }
  timers.insert(place, Item{at, probe.group, std::move(bytes)});
  bytes_ += bytes_of(header);
}

void MemoryTimers::cancel(TimeDomain domain, const StateKey& key, std::string_view name,
                          Timestamp at) {
  Items& timers = items(domain);
  const auto found = timers.find(probe_of(key, name, at));
  if (found == timers.end()) return;
  bytes_ -= bytes_of(header_of(*found));
  timers.erase(found);
}

std::optional<Timestamp> MemoryTimers::earliest(TimeDomain domain) const {
  const Items& timers = items(domain);
  if (timers.empty()) return std::nullopt;
  return timers.begin()->at;
}

std::optional<Timer> MemoryTimers::pop_due(TimeDomain domain, Timestamp now) {
  Items& timers = items(domain);
  if (timers.empty() || timers.begin()->at > now) return std::nullopt;
  const auto first = timers.begin();
  const Header header = header_of(*first);
  const Probe probe = probe_of(*first);
  Timer timer{probe.at, header.key_hash, std::string(probe.key), std::string(probe.name_space),
              std::string(probe.name)};
  bytes_ -= bytes_of(header);
  timers.erase(first);
  return timer;
}

std::size_t MemoryTimers::size(TimeDomain domain) const { return items(domain).size(); }

}  // namespace tributary
