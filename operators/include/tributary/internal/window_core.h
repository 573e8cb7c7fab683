// The untyped half of windows: accumulators by key and window, when they fire, what is late.
#pragma once

#include <cstdint>

#include <tributary/internal/graph_builder.h>
#include <tributary/internal/user_code.h>
#include <tributary/window.h>

#include "checkpoint/keyed_state.h"

namespace tributary::internal {

inline constexpr const char* kLateOutput = "late";

// One record of a chunk with the accumulator of its key and window.
struct WindowRow {
  std::uint32_t record = 0;
  StateEntry* accumulator = nullptr;
  bool fresh = false;  // the first record of its key and window: the accumulator is the default
};

struct WindowKernels {
  const TypeInfo* accumulator = nullptr;
  const TypeInfo* output = nullptr;
  void (*add)(void* code, Batch& batch, const WindowRow* rows, std::size_t count,
              ValueState& state) = nullptr;
  void (*result)(void* code, const void* key, const Window& window, const void* accumulator,
                 ResultContext& context, void* out) = nullptr;
  // emit(difference): false if nothing changed. Null for emit(total).
  bool (*difference)(void* code, const void* now, const void* before, void* out) = nullptr;
};

struct WindowOptions {
  Tumbling windows;
  Duration allowed_lateness{};
};

std::vector<StateDeclaration> window_states(const WindowKernels& kernels, const TypeInfo& key_type);
OperatorFactory make_window(const WindowKernels& kernels, const WindowOptions& options,
                            UserCode code, KeySpec key, const TypeInfo& input);
// Adds a window to the graph.
StreamRef add_window(const StreamRef& from, Name name, const WindowKernels& kernels,
                     const WindowOptions& options, UserCode code, const KeySpec& key,
                     const InputSpec& input);
// G315: a width that is not above zero, a negative lateness.
Status check_window(const WindowOptions& options, std::string_view name);

}  // namespace tributary::internal
