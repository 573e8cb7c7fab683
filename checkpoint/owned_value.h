// checkpoint/owned_value.h
// Copies a record into storage that a state entry owns: the record in its place, what it refers to
// in one heap block.
//
// Thread: one at a time (it has scratch memory). Invariant: a value written by write() refers only
// to its own block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "base/type_info.h"

namespace tributary {

// What a value refers to; zeroed memory is an empty one. Freed by ValueCopier::release, not by a
// destructor, because it lies in raw table memory.
struct OwnedReferences {
  char* block = nullptr;
  std::size_t capacity = 0;
};

class ValueCopier {
 public:
  explicit ValueCopier(const TypeInfo& type);

  const TypeInfo& type() const { return type_; }
  // Makes the record at `to` equal to `from`, which may be `to` or refer into `owned`. The block is
  // reused when it fits.
  void write(const void* from, void* to, OwnedReferences& owned);
  void release(OwnedReferences& owned);
  // A record as it is before anyone set it: the type's default, else zeros.
  void write_default(void* to) const;

  // Bytes in all blocks made and not released.
  std::size_t bytes() const { return bytes_; }

 private:
  void fit(OwnedReferences& owned, std::size_t bytes);

  const TypeInfo& type_;
  Arena scratch_;
  std::vector<std::max_align_t> staged_;
  std::size_t bytes_ = 0;
};

}  // namespace tributary
