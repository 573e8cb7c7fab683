// tests/e2e/jobs/wide_state.h
// What the job e2e-wide-state and its test both know: which key a visit is of, and what each key's
// payload is.
#pragma once

#include <cstdint>
#include <string>

#include "base/hash.h"
#include "base/record.h"
#include "base/text.h"

namespace tributary::testing {

struct WideSettings {
  std::int64_t keys = 1000;
  std::int64_t visits = 2;  // of each key
  std::int64_t payload_bytes = 100;
  Text output;
};
TRIBUTARY_RECORD(WideSettings, keys, visits, payload_bytes, output);

struct WideVisit {
  std::int64_t key = 0;
  std::int64_t number = 0;
};
TRIBUTARY_RECORD(WideVisit, key, number);

struct WideRow {
  std::int64_t key = 0;
  std::int64_t visits = 0;
  std::int64_t sum = 0;      // of the numbers
  std::int64_t damaged = 0;  // visits that found another payload
};
TRIBUTARY_RECORD(WideRow, key, visits, sum, damaged);

// Each round visits every key once, the next one in another order.
inline WideVisit wide_visit(std::int64_t number, std::int64_t keys) {
  const std::int64_t round = number / keys;
  const std::int64_t place = number % keys;
  return {.key = (place + round * (keys / 3)) % keys, .number = number};
}

// Cannot be compressed much.
inline std::string payload_of(std::int64_t key, std::int64_t bytes) {
  std::string text(static_cast<std::size_t>(bytes), ' ');
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 10 == 0) bits = mix64(static_cast<std::uint64_t>(key) * 1'000'003 + i);
    text[i] = static_cast<char>('0' + (bits & 63));
    bits >>= 6;
  }
  return text;
}

}  // namespace tributary::testing
