// jobs/cost_attribution/tools/ingest_command.h
// `attribution ingest`: bills of a provider become lines of topic cost.charges, all of them or
// none.
//
// Every line is judged by the job's own envelope parser before it counts as written, so what the
// tool accepts the job accepts. Memory: 24 bytes a row (to find rows without an id that are equal),
// and the lines themselves only when they are shuffled. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace tributary::cost {

struct IngestOptions {
  enum class Format : std::uint8_t { kFocus, kCur };

  Format format = Format::kFocus;
  std::vector<std::filesystem::path> files;  // plain or gzip
  std::filesystem::path to;
  std::string tenant;
  std::string source;
  std::string period;  // empty: each row's billing period
  std::int64_t revision = 1;
  std::int32_t shards = 8;
  std::string id_column;  // FOCUS only
  std::string name;       // of the output; empty: the first file's
  std::int32_t cut = 1;   // output files
  std::optional<std::uint64_t> shuffle_seed;
  bool is_bulk = false;
  bool replaces = false;
  std::uint64_t bad_rows_max = 0;
};

// Appends what happened to `out`. Exit code 0, or 1 when more rows were bad than allowed (nothing
// is then written). C102 for options out of range; F101, F102, F103 for files; D101 for a header
// that is not of the format, or when no bill has a row.
Result<int> run_ingest(const IngestOptions& options, const Clock& clock, std::string& out);

}  // namespace tributary::cost
