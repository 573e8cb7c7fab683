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

bool build_job(std::string_view name, const Settings& settings, const TypeInfo* type,
               void (*call)(void (*function)(), Job& job, const void* settings), void (*function)(),
               JobProgram& program, std::optional<Error>& error) {
  GraphBuilder graph{std::string(name)};
  const void* given = &settings;
  if (type != nullptr) {
    auto bound = std::make_shared<BoundSettings>();
    bound->record.reset(new std::byte[type->size]);
    if (Status read = bind_settings(settings, *type, bound->record.get(), bound->arena); !read) {
      error = std::move(read).error();
      return false;
    }
    given = bound->record.get();
    graph.keep(std::move(bound));
  }
  try {
    Job job(graph);
    call(function, job, given);
  } catch (const std::exception& e) {
    error = Error(ErrorCode::P801, fmt::format("job {}: its function failed: {}", name, e.what()));
    return false;
  } catch (...) {
    error = Error(ErrorCode::P801,
                  fmt::format("job {}: its function threw what is no std::exception", name));
    return false;
  }
  if (Status finished = graph.finish(program); !finished) {
    error = std::move(finished).error();
    return false;
  }
  return true;
}

}  // namespace tributary::internal
