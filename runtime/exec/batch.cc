#include "runtime/exec/batch.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/error.h"

namespace tributary {

namespace {
constexpr std::size_t kRecordAlignment = 64;

// By a size that the compiler knows: a call of memcpy costs more than 40 bytes.
template <std::size_t kWords>
void gather_words(const std::byte* from, std::span<const std::uint16_t> rows, std::byte* to) {
  constexpr std::size_t kSize = kWords * 8;
  for (const std::uint16_t row : rows) {
    std::memcpy(to, from + row * kSize, kSize);
    to += kSize;
  }
}

// Copies records one behind the other to `to`, which may be in front of them in the same array.
void gather(const std::byte* from, std::size_t size, std::span<const std::uint16_t> rows,
            std::byte* to) {
  switch (size) {
    case 8:
      return gather_words<1>(from, rows, to);
    case 16:
      return gather_words<2>(from, rows, to);
    case 24:
      return gather_words<3>(from, rows, to);
    case 32:
      return gather_words<4>(from, rows, to);
    case 40:
      return gather_words<5>(from, rows, to);
    case 48:
      return gather_words<6>(from, rows, to);
    case 56:
      return gather_words<7>(from, rows, to);
    case 64:
      return gather_words<8>(from, rows, to);
    default:
      for (const std::uint16_t row : rows) {
        std::memmove(to, from + row * size, size);
        to += size;
      }
  }
}

template <typename T>
void gather_column(const T* from, std::span<const std::uint16_t> rows, T* to) {
  for (const std::uint16_t row : rows) *to++ = from[row];
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
  has_event_times_ = has_key_hashes_ = false;
  all_inserts_ = true;
}

void Batch::make_event_times() {
  std::fill_n(event_times_.get(), size_, Timestamp{});
  has_event_times_ = true;
}

void Batch::make_key_hashes() {
  std::fill_n(key_hashes_.get(), size_, 0);
  has_key_hashes_ = true;
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
  void* to = append(from.event_time(i), from.key_hash(i), from.operation(i));
  if (type_->has_references) {
    deep_copy(*type_, from.record(i), to, bytes_->arena);
  } else {
    std::memcpy(to, from.record(i), record_size_);
  }
}

void Batch::append_copies(const Batch& from, std::span<const std::uint16_t> rows) {
  if (type_->has_references) {
    for (const std::uint16_t row : rows) append_copy(from, row);
    return;
  }
  gather(from.records_, record_size_, rows, static_cast<std::byte*>(record(size_)));
  append_columns(from, rows);
}

void Batch::keep(std::span<const std::uint16_t> rows) {
  gather(records_, record_size_, rows, records_);
  keep_columns(rows);
}

void Batch::keep_columns(std::span<const std::uint16_t> rows) {
  if (has_event_times_) gather_column(event_times_.get(), rows, event_times_.get());
  if (has_key_hashes_) gather_column(key_hashes_.get(), rows, key_hashes_.get());
  if (!all_inserts_) gather_column(operations_.get(), rows, operations_.get());
  size_ = static_cast<std::uint32_t>(rows.size());
}

void Batch::append_written(std::uint32_t count) {
  if (has_event_times_) std::fill_n(event_times_.get() + size_, count, Timestamp{});
  if (has_key_hashes_) std::fill_n(key_hashes_.get() + size_, count, 0);
  if (!all_inserts_) std::fill_n(operations_.get() + size_, count, Operation::kInsert);
  size_ += count;
}

void Batch::make_columns_of(const Batch& from) {
  if (from.has_event_times_) event_times();
  if (from.has_key_hashes_) key_hashes();
  if (!from.all_inserts_) operations();
}

void Batch::append_columns(const Batch& from, std::uint32_t first, std::uint32_t count) {
  make_columns_of(from);
  for (std::uint32_t i = 0; has_event_times_ && i < count; ++i)
    event_times_[size_ + i] = from.event_time(first + i);
  for (std::uint32_t i = 0; has_key_hashes_ && i < count; ++i)
    key_hashes_[size_ + i] = from.key_hash(first + i);
  for (std::uint32_t i = 0; !all_inserts_ && i < count; ++i)
    operations_[size_ + i] = from.operation(first + i);
  size_ += count;
}

void Batch::append_columns(const Batch& from, std::span<const std::uint16_t> rows) {
  make_columns_of(from);
  for (std::size_t i = 0; has_event_times_ && i < rows.size(); ++i)
    event_times_[size_ + i] = from.event_time(rows[i]);
  for (std::size_t i = 0; has_key_hashes_ && i < rows.size(); ++i)
    key_hashes_[size_ + i] = from.key_hash(rows[i]);
  for (std::size_t i = 0; !all_inserts_ && i < rows.size(); ++i)
    operations_[size_ + i] = from.operation(rows[i]);
  size_ += static_cast<std::uint32_t>(rows.size());
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
