#include "runtime/exec/batch.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/error.h"

namespace tributary {

namespace {
constexpr std::size_t kRecordAlignment = 64;
// Which records stay, behind the first one that goes: made without a branch for each, because which
// ones are kept cannot be foretold.
struct Kept {
  std::uint32_t to = 0;  // where the first of them goes
  std::uint32_t count = 0;
  std::uint16_t from[Batch::kMaxRecords];
};

void list_kept(std::span<const bool> keep, Kept& kept) {
  const auto size = static_cast<std::uint32_t>(keep.size());
  kept.to = static_cast<std::uint32_t>(std::ranges::find(keep, false) - keep.begin());
  std::uint32_t count = 0;
  for (std::uint32_t i = kept.to; i < size; ++i) {
    kept.from[count] = static_cast<std::uint16_t>(i);
    count += keep[i] ? 1U : 0U;
  }
  kept.count = count;
}

template <typename T>
void compact_column(T* column, const Kept& kept) {
  T* to = column + kept.to;
  for (std::uint32_t k = 0; k < kept.count; ++k) to[k] = column[kept.from[k]];
}

// By a size that the compiler knows: a call of memcpy costs more than 40 bytes.
template <std::size_t kWords>
void compact_words(std::byte* records, const Kept& kept) {
  constexpr std::size_t kSize = kWords * 8;
  std::byte* to = records + kept.to * kSize;
  for (std::uint32_t k = 0; k < kept.count; ++k, to += kSize)
    std::memcpy(to, records + kept.from[k] * kSize, kSize);
}

void compact_records(std::byte* records, std::size_t size, const Kept& kept) {
  switch (size) {
    case 8:
      return compact_words<1>(records, kept);
    case 16:
      return compact_words<2>(records, kept);
    case 24:
      return compact_words<3>(records, kept);
    case 32:
      return compact_words<4>(records, kept);
    case 40:
      return compact_words<5>(records, kept);
    case 48:
      return compact_words<6>(records, kept);
    case 56:
      return compact_words<7>(records, kept);
    case 64:
      return compact_words<8>(records, kept);
    default:
      for (std::uint32_t k = 0; k < kept.count; ++k)
        std::memcpy(records + (kept.to + k) * size, records + kept.from[k] * size, size);
  }
}

// A batch that grew beyond this is not kept in a pool.
constexpr std::size_t kMaxPooledRecordBytes = 4 * Batch::kRecordBytes;
}  // namespace

void BatchReturn::operator()(Batch* batch) const {
  if (batch->pool_ != nullptr) {
    batch->pool_->give(batch);
  } else {
    delete batch;
  }
}

Batch::Batch()
    : event_times_(new Timestamp[kMaxRecords]),
      key_hashes_(new std::uint64_t[kMaxRecords]),
      bytes_(new Bytes) {}

Batch::~Batch() {
  release_bytes();
  drop(bytes_);
  ::operator delete(records_, std::align_val_t{kRecordAlignment});
}

BatchPtr Batch::make(const TypeInfo& type) {
  BatchPtr batch(new Batch);
  batch->prepare(type, nullptr);
  return batch;
}

void Batch::prepare(const TypeInfo& type, BatchPool* pool) {
  type_ = &type;
  pool_ = pool;
  // A record's size is a multiple of its alignment, and alignment is at most 16.
  record_size_ = std::max<std::size_t>(type.size, 1);
  const std::size_t wanted = std::max(kRecordBytes, record_size_);
  if (record_bytes_ < wanted) {
    ::operator delete(records_, std::align_val_t{kRecordAlignment});
    records_ = static_cast<std::byte*>(::operator new(wanted, std::align_val_t{kRecordAlignment}));
    record_bytes_ = wanted;
  }
  capacity_ = static_cast<std::uint32_t>(
      std::clamp<std::size_t>(kRecordBytes / record_size_, 1, kMaxRecords));
  size_ = 0;
  all_inserts_ = true;
}

std::span<Operation> Batch::operations() {
  if (all_inserts_) {
    if (operations_ == nullptr) operations_.reset(new Operation[kMaxRecords]);
    std::fill_n(operations_.get(), size_, Operation::kInsert);
    all_inserts_ = false;
  }
  return {operations_.get(), size_};
}

Operation* Batch::operations_after_append() {
  if (all_inserts_) {
    --size_;  // the column as it was before the append
    operations();
    ++size_;
  }
  return operations_.get();
}

void Batch::append_copy(const Batch& from, std::uint32_t i) {
  void* to = append(from.event_times_[i], from.key_hashes_[i], from.operation(i));
  if (type_->has_references) {
    deep_copy(*type_, from.record(i), to, bytes_->arena);
  } else {
    std::memcpy(to, from.record(i), record_size_);
  }
}

void Batch::move_record(std::uint32_t from, std::uint32_t to) {
  if (from == to) return;
  std::memcpy(record(to), record(from), record_size_);
  event_times_[to] = event_times_[from];
  key_hashes_[to] = key_hashes_[from];
  if (!all_inserts_) operations_[to] = operations_[from];
}

void Batch::compact(std::span<const bool> keep) {
  Kept kept;
  list_kept(keep.first(size_), kept);
  compact_records(records_, record_size_, kept);
  compact_column(event_times_.get(), kept);
  compact_column(key_hashes_.get(), kept);
  if (!all_inserts_) compact_column(operations_.get(), kept);
  size_ = kept.to + kept.count;
}

void Batch::append_written(std::uint32_t count) {
  std::fill_n(event_times_.get() + size_, count, Timestamp{});
  std::fill_n(key_hashes_.get() + size_, count, 0);
  if (!all_inserts_) std::fill_n(operations_.get() + size_, count, Operation::kInsert);
  size_ += count;
}

void Batch::append_columns(const Batch& from, std::uint32_t first, std::uint32_t count) {
  std::copy_n(from.event_times_.get() + first, count, event_times_.get() + size_);
  std::copy_n(from.key_hashes_.get() + first, count, key_hashes_.get() + size_);
  if (!all_inserts_ || !from.all_inserts_) {
    operations();
    for (std::uint32_t i = 0; i < count; ++i) operations_[size_ + i] = from.operation(first + i);
  }
  size_ += count;
}

void Batch::append_columns(const Batch& from, std::span<const std::uint32_t> rows) {
  if (!all_inserts_ || !from.all_inserts_) operations();
  std::uint32_t to = size_;
  for (const std::uint32_t row : rows) {
    event_times_[to] = from.event_times_[row];
    key_hashes_[to] = from.key_hashes_[row];
    if (!all_inserts_) operations_[to] = from.operation(row);
    ++to;
  }
  size_ = to;
}

void Batch::append_sharing(const Batch& from) {
  if (from.size_ > 0) std::memcpy(record(size_), from.records_, from.size_ * record_size_);
  append_columns(from, 0, from.size_);
  if (type_->has_references) borrow(from);
}

void Batch::borrow(const Batch& other) {
  const auto add = [this](Bytes* bytes) {
    if (bytes == bytes_ || std::ranges::find(borrowed_, bytes) != borrowed_.end()) return;
    ++bytes->references;
    borrowed_.push_back(bytes);
  };
  add(other.bytes_);
  for (Bytes* bytes : other.borrowed_) add(bytes);
}

std::size_t Batch::bytes() const {
  std::size_t total = std::size_t{size_} * record_size_ + bytes_->arena.used_bytes();
  for (const Bytes* bytes : borrowed_) total += bytes->arena.used_bytes();
  return total;
}

void Batch::drop(Bytes* bytes) {
  if (--bytes->references == 0) delete bytes;
}

// Lets go of borrowed bytes, and of our own where somebody still borrows them.
void Batch::release_bytes() {
  for (Bytes* bytes : borrowed_) drop(bytes);
  borrowed_.clear();
  if (bytes_->references > 1) {
    --bytes_->references;
    bytes_ = new Bytes;
  }
}

BatchPool::~BatchPool() {
  for (Batch* batch : free_) delete batch;
}

BatchPtr BatchPool::take(const TypeInfo& type) {
  Batch* batch = nullptr;
  if (free_.empty() && !collect_returns()) {
    batch = new Batch;
  } else {
    batch = free_.back();
    free_.pop_back();
  }
  batch->prepare(type, this);
  return BatchPtr(batch);
}

bool BatchPool::collect_returns() {
  for (BatchRing* ring : returns_) {
    Batch* batch = nullptr;
    while (free_.size() < kKept && ring->try_pop(batch)) free_.push_back(batch);
  }
  return !free_.empty();
}

void BatchPool::adopt(Batch& batch, BatchRing* way_home) {
  batch.pool_ = this;
  batch.way_home_ = way_home;
}

void BatchPool::free(Batch* batch) { delete batch; }

void BatchPool::give(Batch* batch) {
  if (batch->record_bytes_ > kMaxPooledRecordBytes) {
    delete batch;
    return;
  }
  batch->release_bytes();
  batch->bytes_->arena.reset();
  batch->size_ = 0;
  if (BatchRing* home = std::exchange(batch->way_home_, nullptr); home != nullptr) {
    Batch* returned = batch;
    if (home->try_push(std::move(returned))) return;
  }
  if (free_.size() >= kKept) {
    delete batch;
    return;
  }
  free_.push_back(batch);
}

}  // namespace tributary
