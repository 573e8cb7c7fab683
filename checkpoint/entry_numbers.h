// checkpoint/entry_numbers.h
// A set of numbers of table entries, given back in ascending order: the order in which the entries
// lie in memory.
//
// Owner: one table's cells; its slot's thread only. A bit for each number, so that adding is cheap
// and adding again costs nothing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tributary {

class EntryNumbers {
 public:
  void add(std::uint32_t number) {
    const std::size_t word = number / 64;
    if (word >= words_.size()) words_.resize(2 * word + 1);
    words_[word] |= std::uint64_t{1} << (number % 64);
    holds_any_ = true;
  }

  // Takes up to `limit` numbers out, less those taken; nothing may be added meanwhile. True when
  // none is left.
  template <typename Visit>
  bool take(std::size_t& limit, Visit visit) {
    for (; holds_any_ && at_ < words_.size(); ++at_) {
      while (words_[at_] != 0) {
        if (limit == 0) return false;
        --limit;
        const int bit = std::countr_zero(words_[at_]);
        words_[at_] &= words_[at_] - 1;
        visit(static_cast<std::uint32_t>(64 * at_ + static_cast<std::size_t>(bit)));
      }
    }
    at_ = 0;
    holds_any_ = false;
    return true;
  }

  std::size_t bytes() const { return words_.size() * sizeof(std::uint64_t); }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t at_ = 0;  // where take() goes on
  bool holds_any_ = false;
};

}  // namespace tributary
