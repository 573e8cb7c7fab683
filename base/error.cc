#include "base/error.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace tributary {
namespace {

constexpr std::array kPages = {
#define TRIBUTARY_ERROR(code, who, title, page) ErrorPage{#code, Actor::who, title, page},
#include "base/error_codes.def"
#undef TRIBUTARY_ERROR
};

std::string_view actor_text(Actor who) {
  switch (who) {
    case Actor::kUser:
      return "you";
    case Actor::kProject:
      return "project";
    case Actor::kPlatform:
      return "platform";
    case Actor::kBug:
      return "a bug";
  }
  return "a bug";
}

}  // namespace

const ErrorPage& error_page(ErrorCode code) { return kPages[static_cast<std::size_t>(code)]; }

std::optional<ErrorCode> find_error_code(std::string_view code) {
  for (std::size_t i = 0; i < kPages.size(); ++i)
    if (kPages[i].code == code) return static_cast<ErrorCode>(i);
  return std::nullopt;
}

std::string Error::to_string() const {
  const ErrorPage& page = error_page(code_);
  std::string text = fmt::format("error {} {}\n  who: {}", page.code, what_, actor_text(page.who));
  if (!fix_.empty()) text += fmt::format("\n  do: {}", fix_);
  return text;
}

namespace internal {

void check_failed(const char* file, int line, const char* condition, const std::string& message) {
  std::fprintf(stderr, "%s:%d: check failed: %s%s%s\n", file, line, condition,
               message.empty() ? "" : ": ", message.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace internal
}  // namespace tributary
