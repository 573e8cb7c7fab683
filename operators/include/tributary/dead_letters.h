// operators/include/tributary/dead_letters.h
// Where refused records go: dead_letters("out/dead") is a folder of JSON lines, one for each
// refused record with its reason, place and raw bytes (base64). Read them back with the same words.
#pragma once

#include <string_view>

#include <tributary/files.h>

#include "runtime/exec/dead_letter.h"

namespace tributary {

inline Files<DeadLetter> dead_letters(std::string_view folder) { return files<DeadLetter>(folder); }

}  // namespace tributary
