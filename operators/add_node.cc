#include <utility>

#include <tributary/internal/process_core.h>
#include <tributary/internal/stream_checks.h>
#include <tributary/internal/window_core.h>

namespace tributary::internal {

StreamRef add_node(const StreamRef& from, NodeSpec node, const InputSpec& input) {
  const std::uint32_t vertex = from.graph->add_operator(std::move(node));
  from.graph->connect(from, vertex, 0, input);
  return {.graph = from.graph, .origins = {{.vertex = vertex, .port = 0}}};
}

StreamRef add_stateless(const StreamRef& from, const char* type, const std::source_location& place,
                        const TypeInfo& input, const TypeInfo& output, StreamKind kind,
                        StatelessShape shape, StatelessKernel kernel, UserCode code) {
  NodeSpec node;
  node.place = place;
  node.operator_type = type;
  node.output_type = &output;
  node.make = make_stateless(shape, kernel, std::move(code));
  return add_node(from, std::move(node), {.type = &input, .kind = kind});
}

StreamRef add_process_node(const StreamRef& from, Name name, const ProcessKernels& kernels,
                           std::shared_ptr<const void> factory, const KeySpec& key,
                           const InputSpec& input, const TypeInfo& output) {
  NodeSpec node;
  node.name = std::move(name.text);
  node.place = name.place;
  node.operator_type = "process";
  node.output_type = &output;
  const CodePtr prototype = kernels.make(factory.get());
  ProcessBase& base = kernels.base(prototype.get());
  if (Status checked = check_ttls(base, node.name); !checked)
    from.graph->refuse(std::move(checked).error());
  node.states = declared_states(base, *key.type);
  node.make = make_process(kernels, std::move(factory), key);
  return add_node(from, std::move(node), input);
}

StreamRef add_window(const StreamRef& from, Name name, const WindowKernels& kernels,
                     const WindowOptions& options, UserCode code, const KeySpec& key,
                     const InputSpec& input) {
  if (Status checked = check_window(options, name.text); !checked)
    from.graph->refuse(std::move(checked).error());
  NodeSpec node;
  node.name = std::move(name.text);
  node.place = name.place;
  node.operator_type = "window";
  node.output_type = kernels.output;
  node.states = window_states(kernels, *key.type);
  node.properties["window"] = format_duration(options.windows.width);
  node.properties["allowed_lateness"] = format_duration(options.allowed_lateness);
  node.properties["emit"] = kernels.difference != nullptr ? "difference" : "total";
  node.make = make_window(kernels, options, std::move(code), key, *input.type);
  return add_node(from, std::move(node), input);
}

}  // namespace tributary::internal
