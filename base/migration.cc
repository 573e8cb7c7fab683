#include "base/migration.h"

#include <algorithm>

#include "base/record_program.h"

namespace tributary {
namespace {

Status check_key(const SchemaType& was, const SchemaType& now, const std::string& path) {
  const auto refuse = [&](std::string_view how) -> Status {
    return std::unexpected<Error>(std::in_place, ErrorCode::S401,
                                  fmt::format("key {}: {}", path, how),
                                  "key types are frozen: restore the declaration, or start with "
                                  "new state under another operator uid");
  };
  const bool same_integer =
      was.enum_bytes == now.enum_bytes && was.enum_is_signed == now.enum_is_signed;
  if (was.kind != now.kind || !same_integer)
    return refuse(fmt::format("was {}, is now {}", was.to_string(), now.to_string()));
  for (const SchemaEnumerator& enumerator : was.enumerators)
    if (std::ranges::find(now.enumerators, enumerator) == now.enumerators.end())
      return refuse(fmt::format("enumerator {} = {} is gone or has another number", enumerator.name,
                                enumerator.value));
  for (std::size_t i = 0; i < std::max(was.fields.size(), now.fields.size()); ++i) {
    if (i >= now.fields.size())
      return refuse(fmt::format("field {} was removed", was.fields[i].name));
    if (i >= was.fields.size())
      return refuse(fmt::format("field {} was added", now.fields[i].name));
    const SchemaField& before = was.fields[i];
    const SchemaField& after = now.fields[i];
    if (before.name != after.name)
      return refuse(fmt::format("field {} was {}, is now {}", i + 1, before.name, after.name));
    TRY(check_key(before.type, after.type, fmt::format("{}.{}", path, before.name)));
  }
  return {};
}

}  // namespace

Status Migration::decode(std::string_view& input, void* out, Arena& arena,
                         const DecodeLimits& limits, TextBytes text_bytes) const {
  return program_->decode(input, out, arena, limits, text_bytes);
}

Status Migration::decode_exact(std::string_view input, void* out, Arena& arena,
                               const DecodeLimits& limits, TextBytes text_bytes) const {
  return program_->decode_exact(input, out, arena, limits, text_bytes);
}

Result<Migration> plan_migration(const Schema& writer, const TypeInfo& reader) {
  auto program = TRY(internal::RecordProgram::compile(writer.root(), reader));
  return Migration(std::move(program), same_encoding(writer.root(), schema_of(reader).root()));
}

Status check_key_unchanged(const Schema& writer, const TypeInfo& reader) {
  const Schema now = schema_of(reader);
  return check_key(writer.root(), now.root(), now.root().to_string());
}

}  // namespace tributary
