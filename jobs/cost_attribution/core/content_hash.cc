// jobs/cost_attribution/core/content_hash.cc
#include "jobs/cost_attribution/core/content_hash.h"

#include <bit>
#include <cstring>

namespace tributary::cost {

namespace {

static_assert(std::endian::native == std::endian::little, "the canonical form is little-endian");

// A row has at most 100 tags and 16 columns; what it needs is computed first, so that writing needs
// no checks.
class CanonicalWriter {
 public:
  explicit CanonicalWriter(char* out) : begin_(out), out_(out) {}

  template <typename T>
  void number(T value) {
    std::memcpy(out_, &value, sizeof value);
    out_ += sizeof value;
  }

  void text(std::string_view bytes) {
    number(static_cast<std::uint32_t>(bytes.size()));
    std::memcpy(out_, bytes.data(), bytes.size());
    out_ += bytes.size();
  }

  std::size_t size() const { return static_cast<std::size_t>(out_ - begin_); }

 private:
  char* begin_;
  char* out_;
};

std::size_t size_bound(const ChargeRow& row) {
  std::size_t bound =
      2 * sizeof(std::int64_t) + sizeof(Currency) + kMetricCount * sizeof(Int128) + 1;
  for (const std::string_view column : row.columns) bound += 5 + column.size();
  for (const Tag& tag : row.tags) bound += 8 + tag.key.size() + tag.value.size();
  return bound;
}

}  // namespace

ContentHash content_hash(const ChargeRow& row, std::string& scratch) {
  const std::size_t bound = size_bound(row);
  if (scratch.size() < bound) scratch.resize(bound);
  CanonicalWriter writer(scratch.data());
  writer.number(row.start.micros);
  writer.number(row.end.micros);
  writer.number(row.currency.letters);
  for (const Amount& amount : row.amounts) writer.number(amount.units);
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (row.columns[i].empty()) continue;
    writer.number(static_cast<std::uint8_t>(i));
    writer.text(row.columns[i]);
  }
  writer.number(std::uint8_t{0xFF});
  for (const Tag& tag : row.tags) {
    writer.text(tag.key);
    writer.text(tag.value);
  }
  return xxh3_128({scratch.data(), writer.size()});
}

}  // namespace tributary::cost
