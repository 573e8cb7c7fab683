// jobs/nexmark/core/random_text.h
// Texts of the generator: words and padding.
//
// Decides: the letters are a to z, each as likely as another. Pure functions of the Random given.
#pragma once

#include <cstdint>
#include <string>

#include "base/arena.h"
#include "base/random.h"
#include "base/text.h"

namespace tributary::nexmark {

// 3 to `longest` - 1 letters; one in 13 is `gap` instead, but not at the ends.
std::string random_word(Random& random, std::size_t longest, char gap = ' ');

// Fills a row of `bytes_so_far` up to about `mean_bytes`: the text is of the bytes that are
// missing, 20 % more or less; empty if none is missing.
Text random_padding(Random& random, std::size_t bytes_so_far, std::size_t mean_bytes, Arena& arena);

}  // namespace tributary::nexmark
