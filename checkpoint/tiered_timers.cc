#include "checkpoint/tiered_timers.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/hash.h"

namespace tributary {

// What a timer costs in its tree and in a list, about.
constexpr std::size_t kPlaceBytes = 24;

bool TieredTimers::Before::before(const Probe& a, const Probe& b) {
  if (a.at != b.at) return a.at < b.at;
  if (a.group != b.group) return a.group < b.group;
  if (const int keys = a.key.compare(b.key); keys != 0) return keys < 0;
  if (const int name_spaces = a.name_space.compare(b.name_space); name_spaces != 0)
    return name_spaces < 0;
  return a.name < b.name;
}

TieredTimers::~TieredTimers() {
  for (Item* item : frozen_)
    if (item->over) free_item(item);
  for (const Items& items : items_)
    for (Item* item : items) free_item(item);
}

TieredTimers::Item* TieredTimers::insert(TimeDomain domain, const StateKey& key,
                                         std::string_view name, Timestamp at) {
  Items& timers = items(domain);
  const Probe probe{at, shared_.group_of(key.hash), key.key, key.name_space, name};
  const auto place = timers.lower_bound(probe);
  if (place != timers.end() && !Before()(probe, *place)) return nullptr;
  const std::size_t texts = key.key.size() + key.name_space.size() + name.size();
  void* memory = std::malloc(sizeof(Item) + texts);
  TRIBUTARY_CHECK(memory != nullptr, "no memory for a timer of {} bytes", texts);
  Item* item = new (memory) Item;
  item->key_hash = key.hash;
  item->at = at;
  item->key_size = static_cast<std::uint32_t>(key.key.size());
  item->name_space_size = static_cast<std::uint32_t>(key.name_space.size());
  item->name_size = static_cast<std::uint32_t>(name.size());
  item->group = probe.group;
  item->domain = domain;
  char* next = reinterpret_cast<char*>(item + 1);
  for (const std::string_view part : {key.key, key.name_space, name}) {
    if (!part.empty()) std::memcpy(next, part.data(), part.size());
    next += part.size();
  }
  timers.insert(place, item);
  bytes_ += item->size() + kPlaceBytes;
  return item;
}

void TieredTimers::free_item(Item* item) {
  bytes_ -= item->size() + kPlaceBytes;
  std::free(item);
}

void TieredTimers::append_key(const Item& item, std::string& out) const {
  append_timer_key(item.group, id_, item.domain, item.at, item.key(), item.name_space(),
                   item.name(), out);
}

void TieredTimers::set(TimeDomain domain, const StateKey& key, std::string_view name,
                       Timestamp at) {
  Item* item = insert(domain, key, name, at);
  if (item != nullptr && shared_.epoch != 0) note(item);
}

void TieredTimers::note(Item* item) {
  item->epoch = shared_.epoch;
  item->place = static_cast<std::uint32_t>(unsaved_.size());
  unsaved_.push_back(item);
}

void TieredTimers::forget(Item* item, std::vector<Item*>& list) {
  list[item->place] = list.back();
  list[item->place]->place = item->place;
  list.pop_back();
}

void TieredTimers::save(Item* item) {
  key_.clear();
  append_key(*item, key_);
  DeltaWriter& writer = shared_.chain->frozen();
  writer.put(key_, {}, false);
  shared_.chain->written(writer);
  item->epoch = 0;
  item->known = true;
}

void TieredTimers::end(Item* item) {
  if (shared_.epoch == 0) return free_item(item);
  const bool is_noted = item->epoch == shared_.epoch;
  if (is_noted) forget(item, unsaved_);
  if (is_noted && !item->known) return free_item(item);
  key_.clear();
  append_key(*item, key_);
  DeltaWriter& writer = shared_.chain->current();
  if (!shared_.hazards.fired_timers_stay) writer.erase(key_, false);
  shared_.chain->written(writer);
  if (is_noted || item->epoch == 0) return free_item(item);
  item->over = true;
}

void TieredTimers::cancel(TimeDomain domain, const StateKey& key, std::string_view name,
                          Timestamp at) {
  Items& timers = items(domain);
  const auto found =
      timers.find(Probe{at, shared_.group_of(key.hash), key.key, key.name_space, name});
  if (found == timers.end()) return;
  Item* item = *found;
  timers.erase(found);
  end(item);
}

std::optional<Timestamp> TieredTimers::earliest(TimeDomain domain) const {
  const Items& timers = items(domain);
  if (timers.empty()) return std::nullopt;
  return (*timers.begin())->at;
}

std::optional<Timer> TieredTimers::pop_due(TimeDomain domain, Timestamp now) {
  Items& timers = items(domain);
  if (timers.empty() || (*timers.begin())->at > now) return std::nullopt;
  Item* first = *timers.begin();
  Timer timer{first->at, first->key_hash, std::string(first->key()),
              std::string(first->name_space()), std::string(first->name())};
  timers.erase(timers.begin());
  end(first);
  return timer;
}

std::size_t TieredTimers::size(TimeDomain domain) const { return items(domain).size(); }

bool TieredTimers::sweep(std::size_t& limit) {
  while (!frozen_.empty() && limit > 0) {
    Item* item = frozen_.back();
    frozen_.pop_back();
    --limit;
    save(item);
    if (item->over) free_item(item);
  }
  return frozen_.empty();
}

bool TieredTimers::renew(std::size_t& limit) {
  for (; renewed_to_.domain < items_.size(); ++renewed_to_.domain, renewed_to_.key.clear()) {
    Items& timers = items_[renewed_to_.domain];
    auto at = timers.begin();
    if (!renewed_to_.key.empty()) {
      const auto last = parse_timer_key(renewed_to_.key);
      at =
          timers.lower_bound(Probe{last->at, last->group, last->key, last->name_space, last->name});
    }
    for (; at != timers.end() && limit > 0; ++at, --limit) {
      Item* item = *at;
      if (item->epoch == shared_.epoch) continue;
      if (item->epoch != 0) {
        forget(item, frozen_);
        save(item);
      }
      note(item);
    }
    if (at == timers.end()) continue;
    renewed_to_.key.clear();
    append_key(**at, renewed_to_.key);
    return false;
  }
  return true;
}

void TieredTimers::restore(const LsmTimer& timer, bool is_set) {
  const StateKey key{xxh3_64(timer.key), timer.key, timer.name_space};
  if (is_set) {
    if (Item* item = insert(timer.domain, key, timer.name, timer.at)) item->known = true;
    return;
  }
  Items& timers = items(timer.domain);
  const auto found =
      timers.find(Probe{timer.at, timer.group, timer.key, timer.name_space, timer.name});
  if (found == timers.end()) return;
  free_item(*found);
  timers.erase(found);
}

}  // namespace tributary
