// jobs/cost_attribution/tools/focus_generator.h
// Generates charges as a provider's bill has them: seeded, one record at a time, with the dirt of
// real bills (repeats, late rows, corrections, deletes, credits, untidy tags, rows of every
// dead-letter kind that a row can provoke), and knows what must come of them.
//
// Invariant: a charge is a pure function of (options, number, revision), so nothing is kept but
// what corrections and deletes touched. The expectation holds for any order of charges with
// different ids, as long as records of one charge keep theirs (they share a shard). Thread: one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "base/timestamp.h"
#include "jobs/cost_attribution/core/rejection.h"
#include "jobs/cost_attribution/tools/bill_row.h"

namespace tributary::cost {

struct GeneratorOptions {
  std::uint64_t seed = 1;
  std::uint64_t rows = 20'000;  // records in total
  std::uint32_t tenants = 5;    // of sizes by Zipf's law, exponent 1
  std::int32_t days = 1;
  Timestamp start;
  std::int32_t shards = 4;
  // Of a million records.
  std::uint32_t malformed = 10'000;
  std::uint32_t repeats = 20'000;
  std::uint32_t revisions = 10'000;
  std::uint32_t deletes = 2'000;
  // Of a million new charges.
  std::uint32_t late = 10'000;      // 1 to 30 days before their place in the stream
  std::uint32_t negative = 10'000;  // credits
};
inline constexpr std::uint32_t kMillion = 1'000'000;

struct GeneratedRecord {
  enum class Kind : std::uint8_t { kCharge, kRepeat, kRevision, kDelete, kMalformed };

  Kind kind = Kind::kCharge;
  std::uint32_t tenant = 0;
  std::int32_t shard = 0;
};

// What a job must have found when it has read every record.
struct GeneratorExpectation {
  struct Cell {
    std::uint64_t charges = 0;
    Amounts amounts;
  };

  std::uint64_t records = 0;
  std::uint64_t new_charges = 0;
  std::uint64_t repeats = 0;
  std::uint64_t revisions = 0;
  std::uint64_t deletes = 0;
  std::uint64_t late = 0;
  std::uint64_t negative = 0;
  std::map<std::string, std::uint64_t, std::less<>> rejected;  // by reason
  std::map<std::array<std::string, 3>, Cell> totals;           // tenant, period, currency

  std::string to_json() const;
};

class FocusGenerator {
 public:
  static constexpr std::string_view kSource = "aws-cur";

  // Options must pass check().
  explicit FocusGenerator(const GeneratorOptions& options);
  // C102 for a number out of range, or shares that add up to more than a whole.
  static Status check(const GeneratorOptions& options);

  // Appends the next record as a line of topic cost.charges; false at the end.
  bool next(std::string& out, GeneratedRecord& record);

  // Appends the next new charge as a row of a FOCUS bill: no repeats, corrections, deletes or
  // malformed rows, which a bill cannot have. Use it instead of next().
  bool next_csv(std::string& out);
  static std::string_view csv_header();

  const GeneratorExpectation& expected() const { return expected_; }
  std::string tenant_name(std::uint32_t tenant) const;

 private:
  struct Fate {
    std::int64_t revision = 1;
    bool is_deleted = false;
  };

  GeneratedRecord::Kind draw_kind(Random& random) const;
  void make(std::uint64_t number, std::int64_t revision);
  void make_tags(Random& random, std::uint32_t team);
  void make_costs(std::uint64_t number, std::int64_t revision, bool is_credit);
  void make_new(std::uint64_t number);
  void emit_malformed(std::uint64_t number, std::string& out);
  bool emit_again(GeneratedRecord::Kind kind, Random& random, std::string& out);
  bool emit_conflict(Random& random, std::string& out);
  void append_row(std::int64_t revision, std::string& out);
  void count(const Amounts& amounts, int sign);
  Fate fate_of(std::uint64_t number) const;
  ChargeHead head(std::int64_t revision) const;

  GeneratorOptions options_;
  ZipfDistribution tenant_sizes_;
  ZipfDistribution customer_sizes_;
  std::uint64_t next_number_ = 0;
  std::vector<std::uint64_t> recent_;  // numbers of good charges, a ring
  std::size_t recent_next_ = 0;
  std::unordered_map<std::uint64_t, Fate> fates_;  // of charges with corrections or deletes
  GeneratorExpectation expected_;

  // The charge made last.
  BillRow row_;
  Amounts amounts_;
  std::uint32_t tenant_ = 0;
  std::string tenant_text_;
  std::string charge_id_;
  std::int32_t shard_ = 0;
  bool is_late_ = false;
  bool is_credit_ = false;
  std::array<std::string, kMetricCount> cost_texts_;
  std::string account_;
  std::string account_name_;
  std::string resource_id_;
  std::string resource_name_;
  std::string sku_;
  std::string description_;
  std::string invoice_;
};

}  // namespace tributary::cost
