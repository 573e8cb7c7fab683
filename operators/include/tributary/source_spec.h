// What a connector returns for job.source(name, spec): how to list and read, and what people should
// see of it.
//
// Decides: the seam between connectors and the typed API. A connector fills an UntypedSource in a
// .cc; its typed face is a one-line template that names the record type. Values; the factories are
// called from slot threads, one task at a time.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tributary/stream_kind.h>

#include "base/error.h"
#include "base/type_info.h"
#include "runtime/exec/source.h"

namespace tributary {

struct UntypedSource {
  std::string operator_type;  // "files", "kafka", "generator": for people
  const TypeInfo* record_type = nullptr;
  bool bounded = false;  // it ends by itself
  // What people want to see: path, topic, format. Never a secret. "backlog_unit" is "bytes" or
  // "records" where the reader knows its backlog.
  std::map<std::string, std::string> properties;
  std::function<std::unique_ptr<SourceReader>()> make_reader;
  // Called in one task process only, once per source and generation.
  std::function<std::unique_ptr<SplitLister>()> make_lister;
  // What cannot be meant (G317): told with all that is wrong with the graph.
  std::vector<Error> mistakes{};
};

// A source of records of type T; `kKind` is what they mean.
template <typename T, StreamKind kKind = StreamKind::kAppend>
struct SourceSpec {
  using Record = T;
  static constexpr StreamKind kind = kKind;
  UntypedSource untyped;  // record_type is set by job.source()
};

namespace internal {
template <typename S>
struct IsSourceSpec : std::false_type {};
template <typename T, StreamKind kKind>
struct IsSourceSpec<SourceSpec<T, kKind>> : std::true_type {};
}  // namespace internal

// A SourceSpec, or what gives one by source_spec() (a connector that both reads and writes, such as
// files<T>(…)).
template <typename S>
concept SourceLike = internal::IsSourceSpec<S>::value || requires(const S& spec) {
  requires internal::IsSourceSpec<std::remove_cvref_t<decltype(spec.source_spec())>>::value;
};

template <SourceLike S>
auto to_source_spec(const S& spec) {
  if constexpr (internal::IsSourceSpec<S>::value) {
    return spec;
  } else {
    return spec.source_spec();
  }
}

}  // namespace tributary
