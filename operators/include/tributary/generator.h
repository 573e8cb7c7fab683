// operators/include/tributary/generator.h
// A source of records made from their numbers: generate<Click>([](std::uint64_t n, GenerateContext&
// ctx) { … }, {.count = 1'000'000}).
//
// Decides: the form of the function and its options. The function is pure: a record depends on its
// number alone, so the records are the same whatever the parallelism and after each restart.
// Thread: the function is called from several slots at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tributary/source_spec.h>

#include "base/record.h"
#include "runtime/exec/batch.h"

namespace tributary {

struct GenerateOptions {
  std::uint64_t count = 0;  // numbers 0 … count - 1; 0: never ends
  std::uint64_t rate = 0;   // records a second, of all tasks together; 0: as fast as they are taken
  std::uint32_t splits =
      16;  // split k makes the numbers k, k + splits, …; at least the parallelism
};

// What the function may ask for. Valid during the call.
class GenerateContext {
 public:
  explicit GenerateContext(Arena& arena) : arena_(arena) {}
  // A copy of the bytes that lives as long as the record.
  Text text(std::string_view bytes) { return Text(bytes, arena_); }
  // For List::copy and Map::copy.
  Arena& arena() { return arena_; }

 private:
  Arena& arena_;
};

namespace internal {

// Appends `count` records, of the numbers first, first + step, …; `number` is the one at hand.
using GenerateKernel = std::function<void(Batch& batch, std::uint64_t first, std::uint64_t step,
                                          std::uint32_t count, std::uint64_t& number)>;

UntypedSource make_generator(const GenerateOptions& options, const TypeInfo& type,
                             GenerateKernel kernel);

}  // namespace internal

template <Record T, typename F>
SourceSpec<T> generate(F function, const GenerateOptions& options = {}) {
  constexpr bool kTakesContext = std::is_invocable_r_v<T, F&, std::uint64_t, GenerateContext&>;
  static_assert(
      kTakesContext || std::is_invocable_r_v<T, F&, std::uint64_t>,
      "generate<T>: the function must be T(std::uint64_t number, GenerateContext& ctx) or "
      "T(std::uint64_t number)");
  return {internal::make_generator(
      options, type_info<T>(),
      [function = std::move(function)](Batch& batch, std::uint64_t first, std::uint64_t step,
                                       std::uint32_t count, std::uint64_t& number) mutable {
        GenerateContext context(batch.arena());
        T* out = static_cast<T*>(batch.record(batch.size()));
        for (std::uint32_t i = 0; i < count; ++i) {
          number = first + i * step;
          if constexpr (kTakesContext) {
            *out++ = function(number, context);
          } else {
            *out++ = function(number);
          }
        }
        batch.append_written(count);
      })};
}

}  // namespace tributary
