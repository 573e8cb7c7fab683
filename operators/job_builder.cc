#include "operators/job_builder.h"

#include <exception>
#include <memory>
#include <utility>

namespace tributary::internal {
namespace {

// Settings of a job, as long as its program: what the author's functions captured may refer to
// them.
struct BoundSettings {
  Arena arena;
  std::unique_ptr<std::byte[]> record;
};

}  // namespace

std::vector<Error> build_job(std::string_view name, const Settings& settings, const TypeInfo* type,
                             void (*call)(void (*function)(), Job& job, const void* settings),
                             void (*function)(), JobProgram& program) {
  GraphBuilder graph{std::string(name)};
  const void* given = &settings;
  if (type != nullptr) {
    auto bound = std::make_shared<BoundSettings>();
    bound->record.reset(new std::byte[type->size]);
    std::vector<Error> wrong = bind_settings(settings, *type, bound->record.get(), bound->arena);
    if (!wrong.empty()) return wrong;
    given = bound->record.get();
    graph.keep(std::move(bound));
  }
  try {
    Job job(graph);
    call(function, job, given);
  } catch (const std::exception& e) {
    return {Error(ErrorCode::P801, fmt::format("job {}: its function failed: {}", name, e.what()))};
  } catch (...) {
    return {Error(ErrorCode::P801,
                  fmt::format("job {}: its function threw what is no std::exception", name))};
  }
  return graph.finish(program);
}

}  // namespace tributary::internal
