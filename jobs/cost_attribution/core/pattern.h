// jobs/cost_attribution/core/pattern.h
// A compiled regular expression of a rule: matches a whole value or not at all. The one door to
// RE2.
//
// Thread: matching is const and may run on many threads at once. Bounded: time linear in the value,
// memory by kPatternMemory, program size by kPatternProgramMax.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace tributary::cost {

inline constexpr int kPatternMemory = 256 * 1024;
inline constexpr int kPatternProgramMax = 4000;

class Pattern {
 public:
  // The error is RE2's own text.
  static std::expected<Pattern, std::string> compile(std::string_view expression);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  bool matches(std::string_view value) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> program);

  std::unique_ptr<re2::RE2> program_;
};

}  // namespace tributary::cost
