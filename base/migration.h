// base/migration.h
// Reads values that were written with an older schema of a type: a field added takes its default, a
// field removed is skipped, a widened integer and a grown enum are read. Anything else is refused
// before any value is read.
//
// Thread: immutable once planned; any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "base/record_codec.h"
#include "base/schema.h"
#include "base/type_info.h"

namespace tributary {

class Migration {
 public:
  // True if the stored bytes are those that the reader itself would write.
  bool is_identity() const { return is_identity_; }

  // As RecordCodec::decode, for bytes of the writer's schema.
  Status decode(std::string_view& input, void* out, Arena& arena, const DecodeLimits& limits = {},
                TextBytes text_bytes = TextBytes::kCopied) const;
  Status decode_exact(std::string_view input, void* out, Arena& arena,
                      const DecodeLimits& limits = {},
                      TextBytes text_bytes = TextBytes::kCopied) const;

 private:
  friend Result<Migration> plan_migration(const Schema& writer, const TypeInfo& reader);
  Migration(std::shared_ptr<const internal::RecordProgram> program, bool is_identity)
      : program_(std::move(program)), is_identity_(is_identity) {}

  std::shared_ptr<const internal::RecordProgram> program_;
  bool is_identity_;
};

// How to read values of `writer` as `reader`. S401 names the field's path and both types. `reader`
// outlives the plan.
Result<Migration> plan_migration(const Schema& writer, const TypeInfo& reader);

// Key types are frozen, for their bytes decide where state lies: the same kinds, names and order of
// fields. An enum may gain enumerators. S401 otherwise.
Status check_key_unchanged(const Schema& writer, const TypeInfo& reader);

}  // namespace tributary
