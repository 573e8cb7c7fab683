// tests/runtime/exec/note.h
// The record of the unit tests of execution, and ways to make and read batches of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/record.h"
#include "runtime/exec/batch.h"

namespace tributary::testing {

struct Note {
  std::int64_t number = 0;
  Text text;
};
TRIBUTARY_RECORD(Note, number, text);

inline std::string long_text(std::int64_t number) {
  return "a text too long to lie inline " + std::to_string(number);
}

inline void add_note(Batch& batch, std::int64_t number) {
  *static_cast<Note*>(batch.append(Timestamp{number})) = {
      .number = number, .text = Text(long_text(number), batch.arena())};
}

inline BatchPtr notes(BatchPool& pool, std::int64_t first, std::int64_t count) {
  BatchPtr batch = pool.take(type_info<Note>());
  for (std::int64_t n = first; n < first + count; ++n) add_note(*batch, n);
  return batch;
}

// The numbers; every text is compared with what belongs to its number.
inline std::vector<std::int64_t> numbers_of(Batch& batch) {
  std::vector<std::int64_t> numbers;
  for (const Note& note : batch.records<Note>()) {
    EXPECT_EQ(note.text.str(), long_text(note.number));
    numbers.push_back(note.number);
  }
  return numbers;
}

}  // namespace tributary::testing
