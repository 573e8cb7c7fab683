#include "runtime/exec/batch.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/exec/note.h"

namespace tributary::testing {
namespace {

using ::testing::ElementsAre;

TEST(BatchTest, HoldsAtMost256RecordsAnd16KiB) {
  BatchPtr batch = Batch::make(type_info<Note>());
  EXPECT_EQ(batch->capacity(),
            std::min<std::size_t>(Batch::kMaxRecords, Batch::kRecordBytes / sizeof(Note)));
  for (std::uint32_t i = 0; i < batch->capacity(); ++i) {
    EXPECT_FALSE(batch->full());
    add_note(*batch, i);
  }
  EXPECT_TRUE(batch->full());
  EXPECT_EQ(numbers_of(*batch).size(), batch->capacity());
}

TEST(BatchTest, ARecordLargerThanABatchGetsABatchOfItsOwn) {
  TypeInfo huge = type_info<Note>();
  huge.size = 3 * Batch::kRecordBytes;
  huge.has_references = false;
  BatchPool pool;
  BatchPtr batch = pool.take(huge);
  EXPECT_EQ(batch->capacity(), 1U);
  std::memset(batch->append(Timestamp{1}), 7, huge.size);
  EXPECT_TRUE(batch->full());
  BatchPtr copy = pool.take(huge);
  copy->append_copy(*batch, 0);
  EXPECT_EQ(std::memcmp(copy->record(0), batch->record(0), huge.size), 0);
  // The memory is used again for small records.
  batch.reset();
  EXPECT_GT(pool.take(type_info<Note>())->capacity(), 1U);
}

TEST(BatchTest, Rule56_AnAbsentColumnOfOperationsMeansInserts) {
  BatchPtr batch = Batch::make(type_info<Note>());
  add_note(*batch, 1);
  EXPECT_TRUE(batch->all_inserts());
  EXPECT_EQ(batch->operation(0), Operation::kInsert);
  batch->append(Timestamp{2}, 0, Operation::kDelete);
  EXPECT_FALSE(batch->all_inserts());
  batch->append(Timestamp{3});
  EXPECT_THAT(batch->operations(),
              ElementsAre(Operation::kInsert, Operation::kDelete, Operation::kInsert));
}

TEST(BatchTest, AColumnThatNobodyWroteReadsAsItsDefault) {
  BatchPtr batch = Batch::make(type_info<Note>());
  for (int i = 0; i < 2; ++i) batch->append(Timestamp{});
  EXPECT_EQ(batch->event_time(1), Timestamp{});
  EXPECT_EQ(batch->key_hash(1), 0U);
  batch->append(Timestamp{7}, 9);
  EXPECT_THAT(batch->event_times(), ElementsAre(Timestamp{}, Timestamp{}, Timestamp{7}));
  EXPECT_THAT(batch->key_hashes(), ElementsAre(0U, 0U, 9U));
}

TEST(BatchTest, CopiesOfRowsBringTheirColumns) {
  BatchPtr from = Batch::make(type_info<Note>());
  for (std::int64_t n = 0; n < 4; ++n) add_note(*from, n);
  from->key_hashes()[3] = 33;
  from->operations()[1] = Operation::kDelete;
  BatchPtr to = Batch::make(type_info<Note>());
  add_note(*to, 0);
  const std::uint16_t rows[] = {1, 3};
  to->append_copies(*from, rows);
  from.reset();
  EXPECT_THAT(to->event_times(), ElementsAre(Timestamp{}, Timestamp{1}, Timestamp{3}));
  EXPECT_THAT(to->key_hashes(), ElementsAre(0U, 0U, 33U));
  EXPECT_THAT(to->operations(),
              ElementsAre(Operation::kInsert, Operation::kDelete, Operation::kInsert));
  EXPECT_THAT(numbers_of(*to), ElementsAre(0, 1, 3));
}

TEST(BatchTest, KeepsRecordsWithTheirColumnsInOrder) {
  BatchPtr batch = Batch::make(type_info<Note>());
  for (std::int64_t n = 0; n < 5; ++n) {
    add_note(*batch, n);
    batch->key_hashes()[static_cast<std::size_t>(n)] = static_cast<std::uint64_t>(100 + n);
  }
  batch->operations()[3] = Operation::kUpdateAfter;
  const std::uint16_t rows[] = {1, 3, 4};
  batch->keep(rows);
  EXPECT_THAT(numbers_of(*batch), ElementsAre(1, 3, 4));
  EXPECT_THAT(batch->event_times(), ElementsAre(Timestamp{1}, Timestamp{3}, Timestamp{4}));
  EXPECT_THAT(batch->key_hashes(), ElementsAre(101U, 103U, 104U));
  EXPECT_THAT(batch->operations(),
              ElementsAre(Operation::kInsert, Operation::kUpdateAfter, Operation::kInsert));
}

TEST(BatchTest, Rule57_ACopyOwnsItsBytes) {
  BatchPool pool;
  BatchPtr copy = pool.take(type_info<Note>());
  {
    BatchPtr original = notes(pool, 7, 2);
    copy->append_copy(*original, 1);
  }
  BatchPtr other = notes(pool, 50, 20);  // writes over the original's memory
  EXPECT_FALSE(copy->shares_bytes());
  EXPECT_THAT(numbers_of(*copy), ElementsAre(8));
}

TEST(BatchTest, BorrowedBytesLiveAsLongAsTheLastBorrower) {
  BatchPool pool;
  BatchPtr first = notes(pool, 1, 1);
  BatchPtr second = pool.take(type_info<Note>());
  *static_cast<Note*>(second->append(Timestamp{1})) = first->records<Note>()[0];
  second->borrow(*first);
  BatchPtr third = pool.take(type_info<Note>());
  *static_cast<Note*>(third->append(Timestamp{1})) = second->records<Note>()[0];
  third->borrow(*second);
  EXPECT_TRUE(first->shares_bytes());
  EXPECT_TRUE(third->shares_bytes());
  EXPECT_GE(third->bytes(), sizeof(Note) + long_text(1).size());
  first.reset();
  second.reset();
  BatchPtr reused = notes(pool, 60, 30);
  EXPECT_THAT(numbers_of(*third), ElementsAre(1));
  third.reset();
  EXPECT_FALSE(reused->shares_bytes());
}

TEST(BatchTest, BorrowingTwiceFromOneBatchCountsOnce) {
  BatchPool pool;
  BatchPtr first = notes(pool, 1, 1);
  BatchPtr second = pool.take(type_info<Note>());
  second->borrow(*first);
  second->borrow(*first);
  second.reset();
  EXPECT_FALSE(first->shares_bytes());
}

TEST(BatchPoolTest, ABatchFromThePoolLooksNew) {
  BatchPool pool;
  Batch* memory = nullptr;
  {
    BatchPtr batch = notes(pool, 1, 3);
    batch->operations()[0] = Operation::kDelete;
    memory = batch.get();
  }
  BatchPtr again = pool.take(type_info<Note>());
  EXPECT_EQ(again.get(), memory);
  EXPECT_TRUE(again->empty());
  EXPECT_TRUE(again->all_inserts());
  EXPECT_EQ(again->bytes(), 0U);
}

TEST(BatchPoolTest, ABatchOfAnotherSlotGoesHome) {
  BatchRing way_home(4);
  BatchPool home;
  BatchPool away;
  home.add_returns(&way_home);
  Batch* travelling = notes(home, 1, 1).release();
  away.adopt(*travelling, &way_home);
  {
    BatchPtr dropped(travelling);
  }
  EXPECT_EQ(home.take(type_info<Note>()).get(), travelling);
}

TEST(BatchPoolTest, ABatchWhoseWayHomeIsFullStays) {
  BatchRing way_home(2);
  BatchPool home;
  BatchPool away;
  std::vector<Batch*> travelling;
  for (int i = 0; i < 3; ++i) {
    travelling.push_back(notes(home, i, 1).release());
    away.adopt(*travelling.back(), &way_home);
  }
  // The pool hands out the same memory, so it is the three that travel.
  for (Batch* batch : travelling) BatchPtr{batch};
  EXPECT_EQ(away.take(type_info<Note>()).get(), travelling[2]);
  Batch* batch = nullptr;
  while (way_home.try_pop(batch)) BatchPool::free(batch);
}

TEST(BatchPoolTest, ABorrowerOutlivesABatchThatWentHome) {
  BatchRing way_home(4);
  BatchPool home;
  BatchPool away;
  home.add_returns(&way_home);
  Batch* travelling = notes(home, 1, 1).release();
  away.adopt(*travelling, &way_home);
  BatchPtr arrived(travelling);
  BatchPtr borrower = away.take(type_info<Note>());
  *static_cast<Note*>(borrower->append(Timestamp{1})) = arrived->records<Note>()[0];
  borrower->borrow(*arrived);
  arrived.reset();
  BatchPtr reused = notes(home, 40, 10);
  EXPECT_EQ(reused.get(), travelling);
  EXPECT_THAT(numbers_of(*borrower), ElementsAre(1));
}

}  // namespace
}  // namespace tributary::testing
