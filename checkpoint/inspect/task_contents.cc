#include "checkpoint/inspect/task_contents.h"

#include <algorithm>

#include "checkpoint/lsm_key.h"

namespace tributary {
namespace {

using checkpoint::StateLayer;

constexpr std::size_t kPieceEntries = 1024;
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

}  // namespace

Result<TaskContents> TaskContents::open(const checkpoint::StateSnapshot& snapshot,
                                        const LayerPlaces& places, const std::string& folder) {
  TaskContents made;
  made.groups_ = {snapshot.group_begin(), snapshot.group_end()};
  const std::vector<StateLayer> all(snapshot.layers().begin(), snapshot.layers().end());
  const std::vector<StateLayer> layers = cut_layers(all, made.groups_);
  for (const StateLayer& layer : layers)
    if (layer.base_size() > 0)
      made.base_groups_.push_back({layer.group_begin(), layer.group_end()});
  made.base_ = TRY(open_bases(places, layers, folder));
  TRY(replay_deltas(*places.blobs, layers, [&](const DeltaRecord& record) -> Status {
    made.apply(record);
    return {};
  }));
  return made;
}

void TaskContents::apply(const DeltaRecord& record) {
  if (record.kind == DeltaKind::kPut) {
    deltas_.insert_or_assign(std::string(record.key), std::string(record.value));
    return;
  }
  if (record.kind == DeltaKind::kDelete) {
    deltas_.insert_or_assign(std::string(record.key), std::nullopt);
    return;
  }
  const auto first = deltas_.lower_bound(record.key);
  auto last = first;
  while (last != deltas_.end() && last->first.starts_with(record.key)) ++last;
  deltas_.erase(first, last);
  if (is_hidden(record.key)) return;
  const auto within = deleted_prefixes_.lower_bound(record.key);
  auto behind = within;
  while (behind != deleted_prefixes_.end() && behind->starts_with(record.key)) ++behind;
  deleted_prefixes_.erase(within, behind);
  deleted_prefixes_.emplace(record.key);
}

bool TaskContents::is_hidden(std::string_view key) const {
  // None begins with another one, so only the last one before the key can be its front.
  const auto after = deleted_prefixes_.upper_bound(key);
  return after != deleted_prefixes_.begin() && key.starts_with(*std::prev(after));
}

bool TaskContents::base_has_group_of(std::string_view key) const {
  const auto head = head_of(key);
  return !head || std::ranges::any_of(base_groups_, [&](const GroupRange& range) {
    return range.begin <= head->group.value && head->group.value < range.end;
  });
}

ContentsCursor::ContentsCursor(const TaskContents& contents, std::string from, std::string to)
    : contents_(&contents),
      from_(std::move(from)),
      to_(std::move(to)),
      base_ended_(contents.base_ == nullptr),
      delta_(contents.deltas_.lower_bound(from_)) {}

Status ContentsCursor::read_more() {
  read_.clear();
  at_ = 0;
  std::size_t bytes = 0;
  bool is_full = false;
  TRY(contents_->base_->scan(from_, to_, [&](std::string_view key, std::string_view value) {
    bytes += key.size() + value.size();
    from_.assign(key);
    from_.push_back('\0');
    if (contents_->base_has_group_of(key) && !contents_->is_hidden(key) &&
        !contents_->deltas_.contains(key))
      read_.emplace_back(key, value);
    is_full = read_.size() >= kPieceEntries || bytes >= kPieceBytes;
    return !is_full;
  }));
  base_ended_ = !is_full;
  return {};
}

Result<bool> ContentsCursor::next() {
  const auto& deltas = contents_->deltas_;
  for (;;) {
    while (at_ == read_.size() && !base_ended_) TRY(read_more());
    const bool has_base = at_ < read_.size();
    const bool has_delta = delta_ != deltas.end() && (to_.empty() || delta_->first < to_);
    if (!has_base && !has_delta) return false;
    if (has_base && (!has_delta || read_[at_].first < delta_->first)) {
      key_ = std::move(read_[at_].first);
      value_ = std::move(read_[at_].second);
      ++at_;
      return true;
    }
    const auto& [key, value] = *delta_++;
    if (!value) continue;
    key_ = key;
    value_ = *value;
    return true;
  }
}

}  // namespace tributary
