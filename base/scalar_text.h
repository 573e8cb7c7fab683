// base/scalar_text.h
// The text form of single values, as CSV cells, JSON strings and keys of JSON objects have it:
// decimal integers, true and false, enumerators by name, ISO times, decimal amounts, "12.5 USD".
#pragma once

#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "base/type_info.h"

namespace tributary {

// Bool, integers, enums, times, amounts, Currency, Money, Text.
bool has_scalar_text(const TypeInfo& type);

// Appends the text of a value for which has_scalar_text holds.
void append_scalar_text(const TypeInfo& type, const void* value, std::string& out);

// Reads it back; a Text is copied to the arena. D101, D104 for amounts, D105 for times; `out` is
// then unchanged.
Status read_scalar_text(const TypeInfo& type, std::string_view text, void* out, Arena& arena);

}  // namespace tributary
