// operators/include/tributary/files.h
// Folders of files as sources and sinks: files<Charge>("in"), files_upsert<Hourly>("out/hourly").
// The page for authors: docs/connectors.md.
//
// Decides: what an author can say about files. A thin face: reading and writing is in
// operators/connectors/. Values; each option gives a changed copy.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tributary/raw_line.h>
#include <tributary/sink_spec.h>
#include <tributary/source_spec.h>
#include <tributary/time_span.h>

#include "base/file_system.h"
#include "base/record.h"

namespace tributary {

namespace internal {

enum class FilesFormat : std::uint8_t { kJsonLines, kCsv, kRawLines };

struct FilesOptions {
  std::string path;
  FilesFormat format = FilesFormat::kJsonLines;
  Duration follow{};
  bool missing_is_empty = false;
  bool strict = false;
  std::optional<bool> require_all;  // unset: CSV does, JSON lines do not
  std::string null_text = "NULL";
  std::size_t line_bytes_max = 1 << 20;
  std::vector<std::string> partition_by;
  std::shared_ptr<FileSystem> file_system;  // null: this machine's
  const TypeInfo* type = nullptr;
};

UntypedSource make_file_source(const FilesOptions& options);
UntypedSink make_file_sink(const FilesOptions& options);

// A field by its name or by a pointer to it.
inline std::string field_name(const TypeInfo&, std::string_view name) { return std::string(name); }
template <typename T, typename F>
std::string field_name(const TypeInfo& type, F T::* field) {
  const T record{};
  const auto offset =
      reinterpret_cast<const char*>(&(record.*field)) - reinterpret_cast<const char*>(&record);
  for (const FieldInfo& info : type.fields) {
    if (static_cast<std::ptrdiff_t>(info.offset) == offset) return std::string(info.name);
  }
  return "(not declared in TRIBUTARY_RECORD)";
}

template <typename T>
constexpr FilesFormat kDefaultFormat =
    std::is_same_v<T, RawLine> ? FilesFormat::kRawLines : FilesFormat::kJsonLines;

}  // namespace internal

// What sinks of append and delta streams, and sources, have in common with those of upsert streams.
template <typename T, typename Self>
class FilesBase {
 public:
  // Each value of these fields has its own folder: <path>/tenant=acme/part-0.jsonl. Fields of
  // single values, outermost first: .partition_by(&Line::tenant), .partition_by("tenant", "day").
  // Sinks.
  template <typename... Fields>
  Self partition_by(Fields... fields) const {
    static_assert(sizeof...(fields) > 0, "partition_by: name a field, e.g. &Line::tenant");
    Self changed = self();
    changed.options_.partition_by = {internal::field_name(type_info<T>(), fields)...};
    return changed;
  }
  // Other files than those of this machine, e.g. a tree in memory in a test.
  Self file_system(std::shared_ptr<FileSystem> files) const {
    Self changed = self();
    changed.options_.file_system = std::move(files);
    return changed;
  }

 protected:
  explicit FilesBase(std::string_view path) {
    options_.path = path;
    options_.format = internal::kDefaultFormat<T>;
    options_.type = &type_info<T>();
  }
  const Self& self() const { return static_cast<const Self&>(*this); }

  internal::FilesOptions options_;
};

// One file, or every matching file of a folder: JSON lines (*.jsonl, *.ndjson, *.json), CSV (*.csv)
// or raw lines, plain or *.gz. As a sink: takes streams of facts and of differences, and writes
// <path>/part-<task>.jsonl (or .csv).
template <Record T>
class Files : public FilesBase<T, Files<T>> {
 public:
  explicit Files(std::string_view path) : FilesBase<T, Files<T>>(path) {}

  Files json_lines() const { return with(internal::FilesFormat::kJsonLines); }
  // With a header that names the fields.
  Files csv() const { return with(internal::FilesFormat::kCsv); }
  // Lines as they are, with where they came from.
  Files raw_lines() const {
    static_assert(std::is_same_v<T, RawLine>,
                  "raw_lines: the record must be RawLine: files<RawLine>(path)");
    return with(internal::FilesFormat::kRawLines);
  }

  // ---- as a source ----
  // Does not end: looks for new files and new lines this often. Zero: reads once what is there.
  Files follow(TimeSpan every) const {
    return changed([&](auto& options) { options.follow = Duration(every); });
  }
  // A folder that is missing or empty is a source without records, not an error.
  Files missing_is_empty() const {
    return changed([](auto& options) { options.missing_is_empty = true; });
  }
  // A field or column that the record does not have makes a bad record; else it is ignored and
  // counted.
  Files strict() const {
    return changed([](auto& options) { options.strict = true; });
  }
  // A record that lacks a field makes a bad record, unless the field is an Optional. CSV requires
  // the columns of all fields in any case.
  Files require_all() const {
    return changed([](auto& options) { options.require_all = true; });
  }
  // A field or column that is missing takes its default. JSON lines do so in any case.
  Files allow_missing() const {
    return changed([](auto& options) { options.require_all = false; });
  }
  // An unquoted cell of this text is an empty one (CSV; "NULL" if nothing is said; "" for none).
  Files null_text(std::string_view text) const {
    return changed([&](auto& options) { options.null_text = text; });
  }
  // A longer line is a bad record (1 MiB if nothing is said).
  Files line_bytes_max(std::size_t bytes) const {
    return changed([&](auto& options) { options.line_bytes_max = bytes; });
  }

  SourceSpec<T> source_spec() const { return {internal::make_file_source(this->options_)}; }
  SinkSpec<T, kAppend, kDelta> sink_spec() const {
    return {internal::make_file_sink(this->options_)};
  }

 private:
  template <typename Change>
  Files changed(Change change) const {
    Files files = *this;
    change(files.options_);
    return files;
  }
  Files with(internal::FilesFormat format) const {
    return changed([&](auto& options) { options.format = format; });
  }
};

// A sink that takes every kind of stream; a delete is a line with "_deleted": true. JSON lines
// only.
template <Record T>
class FilesUpsert : public FilesBase<T, FilesUpsert<T>> {
 public:
  static_assert(!std::is_same_v<T, RawLine>, "files_upsert: raw lines cannot say what they delete");
  explicit FilesUpsert(std::string_view path) : FilesBase<T, FilesUpsert<T>>(path) {}

  SinkSpec<T, kAppend, kDelta, kUpsert> sink_spec() const {
    return {internal::make_file_sink(this->options_)};
  }
};

template <Record T>
Files<T> files(std::string_view path) {
  return Files<T>(path);
}

template <Record T>
FilesUpsert<T> files_upsert(std::string_view path) {
  return FilesUpsert<T>(path);
}

}  // namespace tributary
