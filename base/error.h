// base/error.h
// What an expected failure looks like: a stable code with a page, who must act, what was attempted
// with which values, and what to do. Result<T> carries it; TRY passes it on.
//
// Thread: values, free to move between threads. A broken invariant is not an Error: see
// TRIBUTARY_CHECK.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace tributary {

// Who can mend it.
enum class Actor : std::uint8_t { kUser, kProject, kPlatform, kBug };

// One enumerator a code, named by the code itself (ErrorCode::C101). The registry is
// base/error_codes.def.
enum class ErrorCode : std::uint16_t {
#define TRIBUTARY_ERROR(code, who, title, page) code,
#include "base/error_codes.def"
#undef TRIBUTARY_ERROR
};

// The registry's entry of a code: `tributary error CODE` prints it.
struct ErrorPage {
  std::string_view code;   // "C101"
  Actor who;               // the usual actor
  std::string_view title;  // one line
  std::string_view page;   // a few sentences: what it means, why, what to do
};
const ErrorPage& error_page(ErrorCode code);
std::optional<ErrorCode> find_error_code(std::string_view code);

class [[nodiscard]] Error {
 public:
  // `what` says what was attempted and the values; `fix` is a command or an action, may be empty.
  Error(ErrorCode code, std::string what, std::string fix = {})
      : code_(code), what_(std::move(what)), fix_(std::move(fix)) {}

  ErrorCode code() const { return code_; }
  Actor who() const { return error_page(code_).who; }
  const std::string& what() const { return what_; }
  const std::string& fix() const { return fix_; }

  // The same error with "attempted: " in front of what(), e.g. "reading rules.yaml".
  Error in(std::string_view attempted) && {
    what_ = fmt::format("{}: {}", attempted, what_);
    return std::move(*this);
  }

  // "error C101 unknown setting …\n  who: you\n  do: …" (no trailing newline).
  std::string to_string() const;

 private:
  ErrorCode code_;
  std::string what_;
  std::string fix_;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// A failure with a formatted text: `return fail(ErrorCode::C101, "unknown setting {}", key);`
template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> text,
                                          Args&&... args) {
  return std::unexpected<Error>(std::in_place, code,
                                fmt::format(text, std::forward<Args>(args)...));
}

// The value of a Result, or return its error from the enclosing function.
#define TRY(expression)                                                               \
  ({                                                                                  \
    auto&& try_result = (expression);                                                 \
    if (!try_result.has_value()) [[unlikely]]                                         \
      return std::unexpected(std::forward<decltype(try_result)>(try_result).error()); \
    *std::forward<decltype(try_result)>(try_result);                                  \
  })

namespace internal {
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& message);
}

// A broken invariant stops the process, in release builds too.
#define TRIBUTARY_CHECK(condition, ...)                                                    \
  do {                                                                                     \
    if (!(condition)) [[unlikely]]                                                         \
      ::tributary::internal::check_failed(__FILE__, __LINE__, #condition,                  \
                                          ::tributary::internal::check_text(__VA_ARGS__)); \
  } while (false)

namespace internal {
inline std::string check_text() { return {}; }
template <typename... Args>
std::string check_text(fmt::format_string<Args...> text, Args&&... args) {
  return fmt::format(text, std::forward<Args>(args)...);
}
}  // namespace internal

}  // namespace tributary
