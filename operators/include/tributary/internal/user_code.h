// A user's function object without its type: a prototype in the graph, a copy in each task.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <tributary/context.h>

namespace tributary::internal {

using CodePtr = std::unique_ptr<void, void (*)(void*)>;

struct UserCode {
  std::shared_ptr<const void> prototype;
  CodePtr (*copy)(const void* prototype) = nullptr;

  CodePtr instance() const { return copy(prototype.get()); }
};

template <typename F>
void delete_code(void* code) {
  delete static_cast<F*>(code);
}
template <typename F>
CodePtr copy_code(const void* prototype) {
  return CodePtr(new F(*static_cast<const F*>(prototype)), &delete_code<F>);
}
template <typename F>
UserCode user_code(F code) {
  return {.prototype = CodePtr(new F(std::move(code)), &delete_code<F>), .copy = &copy_code<F>};
}

// The legal forms: f(const T&, more…) and f(const T&, Context&, more…).
template <typename F, typename T, typename... More>
inline constexpr bool kPlainForm = std::is_invocable_v<F&, const T&, More...>;
template <typename F, typename T, typename... More>
inline constexpr bool kContextForm = std::is_invocable_v<F&, const T&, Context&, More...>;
template <typename F, typename T, typename... More>
inline constexpr bool kLegalForm = kPlainForm<F, T, More...> || kContextForm<F, T, More...>;

template <typename F, typename T, typename... More>
decltype(auto) call(F& f, const T& record, Context& context, std::uint32_t row, More&... more) {
  if constexpr (kContextForm<F, T, More&...>) {
    ContextAccess::move_to(context, row);
    return std::invoke(f, record, context, more...);
  } else {
    (void)context, (void)row;
    return std::invoke(f, record, more...);
  }
}

template <typename F, typename T>
using MapResult = std::remove_cvref_t<decltype(call(std::declval<F&>(), std::declval<const T&>(),
                                                    std::declval<Context&>(), 0))>;

}  // namespace tributary::internal
