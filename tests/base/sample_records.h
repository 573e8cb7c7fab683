// tests/base/sample_records.h
// Records that use every type of field, and random values of any type by a seeded generator.
#pragma once

#include "base/random.h"
#include "base/record.h"

namespace tributary::sample {

enum class Status : std::uint8_t { kNew, kPeriodClosed, kVoid = 9 };
TRIBUTARY_ENUM(Status, kNew, kPeriodClosed, kVoid);

enum class Shift : std::int16_t { kBack = -300, kNone = 0, kOn = 300 };
TRIBUTARY_ENUM(Shift, kBack, kNone, kOn);

struct ResourceKey {
  Text account;
  std::int32_t region = 0;
};
TRIBUTARY_KEY(ResourceKey, account, region);

struct FullKey {
  Text name;
  bool is_open = false;
  Status status = Status::kNew;
  Shift shift = Shift::kNone;
  Timestamp at;
  Currency currency;
  std::uint16_t port = 0;
  std::int64_t number = 0;
  ResourceKey resource;
};
TRIBUTARY_KEY(FullKey, name, is_open, status, shift, at, currency, port, number, resource);

struct Line {
  Text label = "a default label that is long";
  Money cost;
  std::uint32_t count = 1;
};
TRIBUTARY_RECORD(Line, label, cost, count);

struct Invoice {
  Text tenant;
  Timestamp start;
  Timestamp end;
  Money billed;
  Status status = Status::kNew;
  Shift shift = Shift::kNone;
  bool is_final = false;
  List<Line> lines;
  List<std::int64_t> numbers;
  Map<Text, Amount> tags;
  Map<ResourceKey, List<Text>> resources;
  Optional<Text> note;
  Optional<Line> extra;
  Optional<bool> flag;
  Line total;
  Duration length;
  Amount rate;
  Currency currency;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = -7;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
};
TRIBUTARY_RECORD(Invoice, tenant, start, end, billed, status, shift, is_final, lines, numbers, tags,
                 resources, note, extra, flag, total, length, rate, currency, i8, i16, i32, i64, u8,
                 u16, u32, u64);

// Fixed-size fields only, without padding between.
struct Reading {
  std::int64_t sensor = 0;
  Timestamp at;
  std::uint32_t value = 0;
  std::uint32_t count = 0;
};
TRIBUTARY_RECORD(Reading, sensor, at, value, count);

// A random value whose texts are UTF-8 and whose times and amounts have a text form.
void fill_random(const TypeInfo& type, void* out, Random& random, Arena& arena);

template <typename T>
T random_value(Random& random, Arena& arena) {
  T value{};
  fill_random(type_info<T>(), &value, random, arena);
  return value;
}

}  // namespace tributary::sample
