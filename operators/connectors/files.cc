#include <algorithm>

#include <fmt/format.h>

#include <tributary/files.h>

#include "base/excerpt.h"
#include "base/local_file_system.h"
#include "operators/connectors/file_sink.h"
#include "operators/connectors/file_source.h"

namespace tributary::internal {

namespace {

constexpr std::string_view kFormatNames[] = {"JSON lines", "CSV", "raw lines"};

FileFormat format_of(FilesFormat format) {
  switch (format) {
    case FilesFormat::kCsv:
      return FileFormat::kCsv;
    case FilesFormat::kRawLines:
      return FileFormat::kRawLines;
    case FilesFormat::kJsonLines:
      break;
  }
  return FileFormat::kJsonLines;
}

// "in/" and "in" are one folder, with one topic and one id for each file.
std::string path_of(const FilesOptions& options) {
  std::string path = options.path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The folder's name; of a single file, the name of the folder it lies in.
std::string topic_of(const std::string& path) {
  for (const std::string_view end : {".jsonl", ".ndjson", ".json", ".csv", ".log", ".gz"}) {
    if (path.ends_with(end)) return last_name(parent_directory(path));
  }
  return last_name(path);
}

std::map<std::string, std::string> properties_of(const FilesOptions& options) {
  return {{"path", path_of(options)},
          {"topic", topic_of(path_of(options))},
          {"format", std::string(kFormatNames[static_cast<std::size_t>(options.format)])}};
}

void check_path(const FilesOptions& options, std::vector<Error>& mistakes) {
  // Not the working directory: an empty setting is one that was forgotten.
  if (options.path.empty())
    mistakes.emplace_back(ErrorCode::G317, "files: an empty path",
                          "name a folder; \".\" is this one");
  if (has_control_characters(options.path))
    mistakes.emplace_back(ErrorCode::G317, fmt::format("files: path {} holds control characters",
                                                       excerpt(options.path)));
}

std::shared_ptr<FileSystem> files_of(const FilesOptions& options) {
  return options.file_system != nullptr ? options.file_system : std::make_shared<LocalFileSystem>();
}

}  // namespace

UntypedSource make_file_source(const FilesOptions& options) {
  FileSourceOptions reading{.path = path_of(options),
                            .format = format_of(options.format),
                            .decoding = {},
                            .follow = std::max(options.follow, Duration{}),
                            .missing_is_empty = options.missing_is_empty,
                            .type = options.type,
                            .files = files_of(options)};
  reading.decoding.line_bytes_max = options.line_bytes_max;
  reading.decoding.json.line_bytes_max = options.line_bytes_max;
  reading.decoding.json.refuse_unknown_fields = options.strict;
  reading.decoding.csv.refuse_unknown_columns = options.strict;
  // A header is written once for all rows: a column that it lacks is rather mistyped than meant.
  reading.decoding.csv.require_all_fields = options.require_all.value_or(true);
  reading.decoding.json.require_all_fields = options.require_all.value_or(false);
  reading.decoding.csv.null_text = options.null_text;
  reading.decoding.csv.text_bytes_max = options.line_bytes_max;

  UntypedSource source{.operator_type = "files",
                       .record_type = options.type,
                       .bounded = reading.follow == Duration{},
                       .properties = properties_of(options),
                       .make_reader = [reading] { return std::make_unique<FileReader>(reading); },
                       .make_lister = [reading] { return std::make_unique<FileLister>(reading); }};
  source.properties["backlog_unit"] = "bytes";
  if (!source.bounded) source.properties["follow"] = format_duration(reading.follow);
  check_path(options, source.mistakes);
  return source;
}

UntypedSink make_file_sink(const FilesOptions& options) {
  const FileSinkOptions writing{.directory = path_of(options),
                                .format = format_of(options.format),
                                .partition_by = options.partition_by,
                                .type = options.type,
                                .files = files_of(options)};
  UntypedSink sink{.operator_type = "files",
                   .record_type = options.type,
                   .parallelism = 0,
                   .properties = properties_of(options),
                   .make_operator = [writing] { return std::make_unique<FileSink>(writing); },
                   .make_connector =
                       [writing](const SinkIdentity& identity) {
                         return std::make_shared<FileConnector>(
                             FileSink::connector_settings(writing.directory, identity),
                             writing.files);
                       }};
  // Looked at before a start: what an earlier run left there would be counted twice.
  sink.properties["output"] = writing.directory;
  if (!options.partition_by.empty())
    sink.properties["partition_by"] = fmt::format("{}", fmt::join(options.partition_by, ", "));
  check_path(options, sink.mistakes);
  if (auto fields = partition_fields(*options.type, options.partition_by); !fields)
    sink.mistakes.push_back(std::move(fields).error());
  return sink;
}

}  // namespace tributary::internal
