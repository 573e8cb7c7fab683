// jobs/cost_attribution/tools/charge_recount.h
// What the charges topics say by themselves: of each charge the latest revision, minus deletes,
// minus what the job refused. Written apart from the job: another JSON library, no state, no
// deltas.
//
// A record counts as refused when a dead letter holds its very bytes (each letter once). Memory:
// one entry a charge. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/timestamp.h"
#include "jobs/cost_attribution/core/charge.h"

namespace tributary::cost {

struct RecountedCharge {
  std::int64_t revision = 0;
  bool is_deleted = false;
  std::string currency;
  Timestamp start;
  Amounts amounts;
};

class ChargeRecount {
 public:
  ChargeRecount(std::string tenant, std::string period)
      : tenant_(std::move(tenant)), period_(std::move(period)) {}

  // Reads the dead letters, then both charges topics of `dir`.
  Status read(const std::filesystem::path& dir);

  // By key of state: source, shard and charge id.
  const std::unordered_map<std::string, RecountedCharge>& charges() const { return charges_; }

  std::uint64_t declared() const { return declared_; }  // records of this tenant and period
  std::uint64_t accepted() const { return accepted_; }  // of them, by this recount's own judgement
  std::uint64_t rejected() const { return rejected_; }
  // Dead letters of charges topics whose record was found there, of any tenant; and those whose
  // record was not.
  std::uint64_t letters() const { return letters_; }
  std::uint64_t letters_without_record() const;
  // What the job should have refused and did not, or accepted in conflict: at most twenty.
  const std::vector<std::string>& problems() const { return problems_; }
  std::uint64_t problem_count() const { return problem_count_; }

 private:
  Status read_letters(const std::filesystem::path& dir);
  void take(std::string_view record);
  bool take_letter(std::string_view record);
  void problem(std::string text);

  std::string tenant_;
  std::string period_;
  std::map<Hash128, std::uint64_t> refused_;  // hash of the raw bytes -> how many letters
  std::unordered_map<std::string, RecountedCharge> charges_;
  std::uint64_t declared_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t letters_ = 0;
  std::uint64_t problem_count_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace tributary::cost
