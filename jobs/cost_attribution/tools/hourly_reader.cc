// jobs/cost_attribution/tools/hourly_reader.cc
#include "jobs/cost_attribution/tools/hourly_reader.h"

#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "base/excerpt.h"
#include "base/json.h"
#include "jobs/cost_attribution/tools/topic_folder.h"

namespace tributary::cost {

namespace {
// n of part-<k>-<n>: what is written later has a greater one. 0: a file without a number of its
// own.
std::uint64_t epoch_of(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  const std::size_t dash = name.find('-', name.find('-') + 1);
  std::uint64_t epoch = 0;
  if (!name.starts_with("part-") || dash == std::string::npos) return epoch;
  std::from_chars(name.data() + dash + 1, name.data() + name.size(), epoch);
  return epoch;
}
}  // namespace

Status walk_hourly(const std::filesystem::path& dir, std::string_view tenant,
                   const std::function<Status(const HourlyCost&)>& on_cell) {
  using Key = std::tuple<std::string, std::string, std::string, std::string, Timestamp>;
  struct Cell {
    std::size_t file = 0;
    HourlyCost line;  // its texts lie in `kept`
  };
  JsonReadOptions options;
  options.require_all_fields = true;
  JsonReader reader(options);
  Arena scratch;
  Arena kept;
  std::map<Key, Cell> cells;
  const auto files = TRY(topic_files(dir / kHourlyTopic));
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto on_line = [&](std::string_view text) -> Status {
      scratch.reset();
      HourlyCost line;
      TRY(reader.read(type_info<HourlyCost>(), text, &line, scratch));
      if (line.v != 1)
        return fail(ErrorCode::D101, "hourly cell of version {}; this program reads version 1",
                    line.v);
      if (!(line.tenant == tenant)) return {};
      const auto [at, is_new] =
          cells.try_emplace(Key(line.dimension.str(), line.element.str(), line.service.str(),
                                line.currency.view(), line.hour));
      Cell& cell = at->second;
      if (is_new) {
        cell = {i, deep_copy(line, kept)};
        return {};
      }
      const std::uint64_t epoch = epoch_of(files[i]);
      const std::uint64_t epoch_before = epoch_of(files[cell.file]);
      if (epoch < epoch_before) return {};
      if (cell.file != i && epoch == epoch_before) {
        return fail(ErrorCode::D101, "cell {} {} {} is in {} too", excerpt(line.dimension),
                    excerpt(line.element), format_timestamp(line.hour),
                    files[cell.file].filename().string());
      }
      // Same key, so the texts that were kept stay right.
      cell.file = i;
      const HourlyCost before = cell.line;
      cell.line = line;
      cell.line.tenant = before.tenant;
      cell.line.dimension = before.dimension;
      cell.line.element = before.element;
      cell.line.service = before.service;
      return {};
    };
    TRY(walk_lines({files[i]}, on_line));
  }
  for (const auto& [key, cell] : cells) TRY(on_cell(cell.line));
  return {};
}

}  // namespace tributary::cost
