#include "jobs/nexmark/core/random_text.h"

namespace tributary::nexmark {

namespace {

constexpr std::uint64_t kLetters = 26;
constexpr std::uint64_t kShortestWord = 3;
constexpr std::uint64_t kLettersToAGap = 13;

}  // namespace

std::string random_word(Random& random, std::size_t longest, char gap) {
  std::string word(kShortestWord + random.below(longest - kShortestWord), ' ');
  for (char& letter : word) {
    letter =
        random.chance(1, kLettersToAGap) ? gap : static_cast<char>('a' + random.below(kLetters));
  }
  if (gap != ' ') return word;
  const std::size_t first = word.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return word.substr(first, word.find_last_not_of(' ') + 1 - first);
}

Text random_padding(Random& random, std::size_t bytes_so_far, std::size_t mean_bytes,
                    Arena& arena) {
  if (bytes_so_far >= mean_bytes) return {};
  const std::size_t missing = mean_bytes - bytes_so_far;
  const std::size_t spread = (missing + 2) / 5;
  const std::size_t size = missing - spread + random.below(2 * spread + 1);
  char* letters = arena.allocate(size);
  // Sixteen bits for a letter: no letter is likelier than another by more than 26 in 65,536.
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    const std::uint64_t bits = random.next();
    for (std::size_t k = 0; k < 4; ++k)
      letters[i + k] = static_cast<char>('a' + (((bits >> (16 * k)) & 0xFFFF) * kLetters >> 16));
  }
  for (; i < size; ++i) letters[i] = static_cast<char>('a' + random.below(kLetters));
  return Text(std::string_view(letters, size));
}

}  // namespace tributary::nexmark
