// runtime/exec/batch.h
// A batch: the unit of scheduling, exchange, prefetching and flow control. Records of one type side
// by side, with columns beside them: event time, key hash, operation; and the bytes that their
// Texts, Lists and Maps point to.
//
// Owner: one task or channel at a time; never shared between threads. Within a slot a batch may
// borrow the bytes of the batch it was made from (reference-counted, not atomic); the partitioner
// copies, so that a batch that crosses to another slot owns all its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/spsc_ring.h"
#include "base/timestamp.h"
#include "base/type_info.h"

namespace tributary {

// What a record says about the collection. -old/+new are reserved: in version 1 they never leave a
// window.
enum class Operation : std::uint8_t { kInsert, kUpdateBefore, kUpdateAfter, kDelete };

class Batch;
class BatchPool;
using BatchRing = SpscRing<Batch*>;
// Gives the batch back to the pool it is with now, or frees it.
struct BatchReturn {
  void operator()(Batch* batch) const;
};
using BatchPtr = std::unique_ptr<Batch, BatchReturn>;

class Batch {
 public:
  // 16 KiB of records, so that a batch and the next operator's output stay in L1; 1 to 256 records.
  static constexpr std::size_t kRecordBytes = 16 * 1024;
  static constexpr std::uint32_t kMaxRecords = 256;

  // Outside a pool (tests): freed when dropped.
  static BatchPtr make(const TypeInfo& type);

  const TypeInfo& type() const { return *type_; }
  std::uint32_t size() const { return size_; }
  std::uint32_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == capacity_; }

  void* record(std::uint32_t i) { return records_ + std::size_t{i} * record_size_; }
  const void* record(std::uint32_t i) const { return records_ + std::size_t{i} * record_size_; }
  template <typename T>
  std::span<T> records() {
    return {reinterpret_cast<T*>(records_), size_};
  }

  // A column that nobody wrote is absent: no event time, key hash 0, an insertion.
  Timestamp event_time(std::uint32_t i) const {
    return has_event_times_ ? event_times_[i] : Timestamp{};
  }
  std::uint64_t key_hash(std::uint32_t i) const { return has_key_hashes_ ? key_hashes_[i] : 0; }
  Operation operation(std::uint32_t i) const {
    return all_inserts_ ? Operation::kInsert : operations_[i];
  }
  bool all_inserts() const { return all_inserts_; }
  // Each makes the column if it was absent.
  std::span<Timestamp> event_times() {
    if (!has_event_times_) make_event_times();
    return {event_times_.get(), size_};
  }
  std::span<std::uint64_t> key_hashes() {
    if (!has_key_hashes_) make_key_hashes();
    return {key_hashes_.get(), size_};
  }
  std::span<Operation> operations();

  // The slot of a new last record, uninitialised; the caller fills it. The batch must not be full.
  // Text in it must lie in this batch's arena, in a borrowed batch, or in static storage.
  void* append(Timestamp event_time, std::uint64_t key_hash = 0,
               Operation operation = Operation::kInsert) {
    if (!has_event_times_ && event_time != Timestamp{}) make_event_times();
    if (!has_key_hashes_ && key_hash != 0) make_key_hashes();
    const std::uint32_t i = size_++;
    event_times_[i] = event_time;
    key_hashes_[i] = key_hash;
    if (!all_inserts_ || operation != Operation::kInsert) [[unlikely]]
      operations_after_append()[i] = operation;
    return record(i);
  }
  // append + deep copy of record i of another batch of the same type.
  void append_copy(const Batch& from, std::uint32_t i);
  // The same for these records, in their order. There must be room.
  void append_copies(const Batch& from, std::span<const std::uint16_t> rows);
  // Appends records whose bytes the caller has written behind the last one, without event time and
  // key. There must be room.
  void append_written(std::uint32_t count);
  // Appends records whose bytes the caller has written behind the last one, with the columns of
  // records [first, first + count) of `from`. There must be room.
  void append_columns(const Batch& from, std::uint32_t first, std::uint32_t count);
  // The same with the columns of these records of `from`, one for each record appended.
  void append_columns(const Batch& from, std::span<const std::uint16_t> rows);
  // Appends all records of another batch of the same type and borrows their bytes. There must be
  // room.
  void append_sharing(const Batch& from);
  // Undoes the last append.
  void drop_last() { --size_; }
  // Keeps these records, whose numbers ascend, with their columns.
  void keep(std::span<const std::uint16_t> rows);
  // The same for the columns alone: the caller has moved the records to the front.
  void keep_columns(std::span<const std::uint16_t> rows);
  void truncate(std::uint32_t size) { size_ = size; }

  // This batch's own bytes.
  Arena& arena() { return bytes_->arena; }
  // What deep copies have allocated here; zero for records without references.
  std::size_t own_bytes() const { return bytes_->arena.used_bytes(); }
  // Keeps the bytes of `other` (and of whatever it borrows) alive as long as this batch.
  void borrow(const Batch& other);
  // True if its bytes are also those of another batch of this slot; such a batch must not leave the
  // slot.
  bool shares_bytes() const { return !borrowed_.empty() || bytes_->references > 1; }

  // Records and bytes, for credits: size() * record size + the arenas' used bytes.
  std::size_t bytes() const;

 private:
  friend class BatchPool;
  friend struct BatchReturn;
  // Reference-counted by the batches of one slot.
  struct Bytes {
    Arena arena;
    std::uint32_t references = 1;
  };

  Batch();
  ~Batch();
  void prepare(const TypeInfo& type, BatchPool* pool);
  void release_bytes();
  void make_event_times();
  void make_key_hashes();
  // Those that `from` has.
  void make_columns_of(const Batch& from);
  Operation* operations_after_append();
  static void drop(Bytes* bytes);

  const TypeInfo* type_ = nullptr;
  std::byte* records_ = nullptr;  // aligned to 64
  std::size_t record_size_ = 0;
  std::size_t record_bytes_ = 0;  // allocated
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  // A column that is absent is not moved with the records.
  bool has_event_times_ = false;
  bool has_key_hashes_ = false;
  bool all_inserts_ = true;
  std::unique_ptr<Timestamp[]> event_times_;
  std::unique_ptr<std::uint64_t[]> key_hashes_;
  std::unique_ptr<Operation[]> operations_;
  Bytes* bytes_ = nullptr;
  std::vector<Bytes*> borrowed_;
  BatchPool* pool_ = nullptr;
  BatchRing* way_home_ = nullptr;
};

// Recycles batches: one per slot, used by its thread only. A batch that came from another slot goes
// back to that slot's pool through the return ring of the slot pair.
class BatchPool {
 public:
  BatchPool() = default;
  BatchPool(const BatchPool&) = delete;
  BatchPool& operator=(const BatchPool&) = delete;
  ~BatchPool();

  BatchPtr take(const TypeInfo& type);
  // Takes in a batch from another slot. When it is dropped it goes into `way_home` (not null; this
  // pool's slot is the ring's producer), or stays here if that is full.
  void adopt(Batch& batch, BatchRing* way_home);
  // A ring by which batches that left this slot come home (this pool's slot is its consumer).
  void add_returns(BatchRing* returns) { returns_.push_back(returns); }

  // For whoever holds raw batches when a job is torn down.
  static void free(Batch* batch);

  static constexpr std::size_t kKept = 256;

 private:
  friend struct BatchReturn;
  void give(Batch* batch);
  bool collect_returns();

  std::vector<Batch*> free_;
  std::vector<BatchRing*> returns_;
};

}  // namespace tributary
