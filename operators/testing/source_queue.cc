#include "operators/testing/source_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tributary::testing {

// The key hash column is free between a source and the first keyed edge: it carries the index of
// the item.

class QueueLister final : public SplitLister {
 public:
  explicit QueueLister(const SourceQueue& queue) : queue_(queue) {}
  Result<std::vector<Split>> list() override {
    std::vector<Split> splits;
    for (std::size_t i = 0; i < queue_.splits_.size(); ++i) {
      const auto size = static_cast<std::int64_t>(queue_.splits_[i].size());
      splits.push_back({.id = std::to_string(i), .position = 0, .end = size, .weight = size});
    }
    return splits;
  }

 private:
  const SourceQueue& queue_;
};

class QueueReader final : public SourceReader {
 public:
  explicit QueueReader(SourceQueue& queue) : queue_(queue) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  Status add_split(const Split& split) override {
    splits_.push_back(split);
    return {};
  }
  void no_more_splits() override {}

  Result<ReadResult> read(SourceOutput& out) override {
    for (std::size_t tried = 0; tried < splits_.size(); ++tried) {
      const auto i = static_cast<std::uint32_t>(next_++ % splits_.size());
      if (left(splits_[i]) == 0) continue;
      last_read_ = context_->clock().now();
      if (Status read = read_split(i, out); !read) return std::unexpected(std::move(read).error());
      return ReadResult{.state = ReadState::kMore, .retry_at = {}};
    }
    if (queue_.ended_) return ReadResult{.state = ReadState::kEnd, .retry_at = {}};
    // Whoever pushes wakes the task; beside that only the driver's rule of idle sources needs a
    // turn.
    const Timestamp idle_at = last_read_ + queue_.options_.idle_after;
    return ReadResult{.state = ReadState::kIdle,
                      .retry_at = idle_at > context_->clock().now() ? idle_at : Timestamp::max()};
  }

  bool caught_up() const override {
    return std::ranges::all_of(splits_,
                               [](const Split& split) { return split.position >= split.end; });
  }
  std::vector<Split> positions() const override { return splits_; }
  std::int64_t backlog() const override {
    std::int64_t sum = 0;
    for (const Split& split : splits_) sum += static_cast<std::int64_t>(left(split));
    return sum;
  }

 private:
  const std::vector<std::uint32_t>& content(const Split& split) const {
    return queue_.splits_[std::stoul(split.id)];
  }
  std::size_t left(const Split& split) const {
    return content(split).size() - static_cast<std::size_t>(split.position);
  }

  // One batch of records, or one watermark, or one bad record.
  Status read_split(std::uint32_t split_index, SourceOutput& out) {
    Split& split = splits_[split_index];
    const std::vector<std::uint32_t>& indices = content(split);
    const std::uint32_t limit = queue_.draw_batch_size();
    BatchPtr batch = out.take(queue_.type_);
    while (left(split) > 0 && batch->size() < limit && !batch->full()) {
      const std::uint32_t index = indices[static_cast<std::size_t>(split.position)];
      const QueueItem& item = queue_.items_[index];
      const bool record = item.kind == QueueItem::Kind::kRecord;
      if (!record && !batch->empty()) break;
      ++split.position;
      if (item.kind == QueueItem::Kind::kBadRecord) {
        return out.bad_record(split_index, {.offset = item.number,
                                            .line = item.number + 1,
                                            .reason = item.reason,
                                            .field = {},
                                            .value = {},
                                            .message = "pushed by the test as a bad record",
                                            .raw = item.raw});
      }
      void* slot = batch->append(item.time, index);
      copy(record ? item.record : queue_.type_.default_value, slot, batch->arena());
      if (!record) break;
    }
    out.emit_from(split_index, std::move(batch));
    return {};
  }

  void copy(const void* from, void* to, Arena& arena) const {
    if (queue_.type_.has_references) {
      deep_copy(queue_.type_, from, to, arena);
    } else {
      std::memcpy(to, from, queue_.type_.size);
    }
  }

  SourceQueue& queue_;
  std::vector<Split> splits_;
  std::size_t next_ = 0;
  OperatorContext* context_ = nullptr;
  Timestamp last_read_{};
};

class StampOperator final : public Operator {
 public:
  explicit StampOperator(const SourceQueue& queue) : queue_(queue) {}
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t, Output& out) override {
    const std::uint32_t size = batch->size();
    std::vector<std::uint16_t> records;
    for (std::uint32_t i = 0; i < size; ++i) {
      const QueueItem& item = queue_.items_[batch->key_hash(i)];
      if (item.kind == QueueItem::Kind::kRecord) records.push_back(static_cast<std::uint16_t>(i));
      batch->event_times()[i] = item.time;
    }
    batch->keep(records);
    out.emit(0, std::move(batch));
    return size;
  }

 private:
  const SourceQueue& queue_;
};

SourceQueue::SourceQueue(const TypeInfo& type, Options options)
    : type_(type), options_(options), random_(options.seed), splits_(options.splits) {}

void SourceQueue::push(QueueItem item) {
  splits_[random_.below(splits_.size())].push_back(static_cast<std::uint32_t>(items_.size()));
  items_.push_back(std::move(item));
}

void SourceQueue::declare_watermark(Timestamp watermark) {
  for (std::vector<std::uint32_t>& split : splits_)
    split.push_back(static_cast<std::uint32_t>(items_.size()));
  items_.push_back({.kind = QueueItem::Kind::kWatermark, .time = watermark});
}

std::uint32_t SourceQueue::draw_batch_size() {
  const std::uint32_t most = options_.batch_records;
  return options_.vary_batches ? static_cast<std::uint32_t>(random_.below(most)) + 1 : most;
}

std::unique_ptr<SplitLister> SourceQueue::make_lister() {
  return std::make_unique<QueueLister>(*this);
}
std::unique_ptr<SourceReader> SourceQueue::make_reader() {
  return std::make_unique<QueueReader>(*this);
}
std::unique_ptr<Operator> SourceQueue::make_stamp() {
  return std::make_unique<StampOperator>(*this);
}

// The driver's watermark is the highest time that it saw, less a microsecond.
void SourceQueue::stamp_for_driver(Batch& batch) const {
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    const QueueItem& item = items_[batch.key_hash(i)];
    batch.event_times()[i] = item.kind == QueueItem::Kind::kWatermark
                                 ? saturating_add(item.time, microseconds(1))
                                 : Timestamp::min();
  }
}

}  // namespace tributary::testing
