// jobs/cost_attribution/core/pattern.cc
#include "jobs/cost_attribution/core/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace tributary::cost {

Pattern::Pattern(std::unique_ptr<re2::RE2> program) : program_(std::move(program)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

std::expected<Pattern, std::string> Pattern::compile(std::string_view expression) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  options.set_never_capture(true);
  auto program =
      std::make_unique<re2::RE2>(re2::StringPiece(expression.data(), expression.size()), options);
  if (!program->ok()) return std::unexpected(program->error());
  if (program->ProgramSize() > kPatternProgramMax) {
    return std::unexpected(fmt::format("program of {} instructions, at most {} are allowed",
                                       program->ProgramSize(), kPatternProgramMax));
  }
  return Pattern(std::move(program));
}

bool Pattern::matches(std::string_view value) const {
  return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *program_);
}

}  // namespace tributary::cost
