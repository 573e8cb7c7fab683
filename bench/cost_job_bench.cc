// What the cost attribution job does with a core against what a bare parse of the same lines needs:
// simdjson to a struct of views, every field of the envelope and the row. The job reads its topics
// from files and writes all its outputs (lines, ledger, hourly, control, dead letters) as
// `tributary run` does, on one slot.
//
// Options: --data FOLDER (made by `attribution generate --to FOLDER`; the outputs go beside the
// topics and are removed),
// --rows N to generate one in a temporary folder. Rates are per core: CPU time is what counts.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <simdjson.h>
#include <string>
#include <vector>

#include "base/settings.h"
#include "bench/harness.h"
#include "bench/job_run.h"
#include "jobs/cost_attribution/job.h"
#include "jobs/cost_attribution/tools/generate_command.h"
#include "operators/job_builder.h"

namespace tributary::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kOutputs = {"cost.lines", "cost.hourly", "cost.control",
                                                      "cost.deadletters"};

struct ParsedCharge {
  std::string_view tenant;
  std::string_view source;
  std::string_view period;
  std::int64_t shard = 0;
  std::string_view charge_id;
  std::int64_t revision = 0;
  std::vector<std::pair<std::string_view, std::string_view>> row;
  std::vector<std::pair<std::string_view, std::string_view>> tags;
};

void parse_strings(simdjson::ondemand::object object, ParsedCharge& charge,
                   std::vector<std::pair<std::string_view, std::string_view>>& out) {
  for (auto field : object) {
    std::string_view key = field.unescaped_key();
    simdjson::ondemand::value value = field.value();
    std::string_view text;
    if (key == "Tags" && value.type() == simdjson::ondemand::json_type::object) {
      parse_strings(value.get_object(), charge, charge.tags);
    } else if (value.get_string().get(text) == simdjson::SUCCESS) {
      out.emplace_back(key, text);
    } else {
      out.emplace_back(key, value.raw_json_token());
    }
  }
}

// Throws simdjson's error for a line that is no JSON.
void parse_charge(simdjson::ondemand::parser& parser, simdjson::padded_string_view line,
                  ParsedCharge& charge) {
  charge.row.clear();
  charge.tags.clear();
  simdjson::ondemand::document document = parser.iterate(line);
  for (auto field : document.get_object()) {
    const std::string_view key = field.unescaped_key();
    simdjson::ondemand::value value = field.value();
    if (key == "tenant") {
      charge.tenant = value.get_string();
    } else if (key == "source") {
      charge.source = value.get_string();
    } else if (key == "period") {
      charge.period = value.get_string();
    } else if (key == "shard") {
      charge.shard = value.get_int64();
    } else if (key == "charge_id") {
      charge.charge_id = value.get_string();
    } else if (key == "revision") {
      charge.revision = value.get_int64();
    } else if (key == "row") {
      parse_strings(value.get_object(), charge, charge.row);
    }
  }
}

std::vector<fs::path> charge_files(const fs::path& data) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(data / "cost.charges"))
    files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

Work bare_parse(const fs::path& data) {
  Work work;
  simdjson::ondemand::parser parser;
  ParsedCharge charge;
  std::string bytes;
  for (const fs::path& path : charge_files(data)) {
    std::ifstream in(path, std::ios::binary);
    bytes.resize(fs::file_size(path));
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    const std::size_t size = bytes.size();
    bytes.resize(size + simdjson::SIMDJSON_PADDING);
    for (std::size_t at = 0; at < size;) {
      const std::size_t end = std::min(bytes.find('\n', at), size);
      ++work.records;
      try {
        parse_charge(parser,
                     simdjson::padded_string_view(bytes.data() + at, end - at, bytes.size() - at),
                     charge);
        work.checksum += charge.row.size() + charge.tags.size();
      } catch (const simdjson::simdjson_error&) {
        ++work.checksum;  // generated on purpose
      }
      at = end + 1;
    }
  }
  return work;
}

void remove_outputs(const fs::path& data) {
  for (const std::string_view name : kOutputs) fs::remove_all(data / name);
  fs::remove_all(data / "ledger");
}

Work run_job(const fs::path& data, std::uint64_t rows) {
  const Settings settings{{"files.dir", data.string()}};
  const auto program = make_program("cost-attribution", &cost::cost_attribution, settings);
  TRIBUTARY_CHECK(program.has_value(), "{}", program ? "" : program.error().to_string());
  run_to_end(*program, 1);
  return {.records = rows, .checksum = rows};
}

fs::path generated(std::uint64_t rows) {
  std::string folder = (fs::temp_directory_path() / "tributary-cost-XXXXXX").string();
  TRIBUTARY_CHECK(mkdtemp(folder.data()) != nullptr, "no temporary folder");
  cost::GenerateOptions options;
  options.generator.rows = rows;
  options.generator.days = 2;
  options.generator.start = *parse_timestamp("2026-09-01T00:00:00Z");
  options.to = folder;
  std::string summary;
  const auto made = cost::run_generate(options, summary);
  TRIBUTARY_CHECK(made.has_value(), "{}", made ? "" : made.error().to_string());
  return folder;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  using namespace tributary::bench;
  Harness harness(argc, argv);
  const std::string given = harness.text("data", "");
  const fs::path data =
      given.empty() ? generated(harness.number("rows", 200'000)) : fs::path(given);
  const std::uint64_t rows = bare_parse(data).records;
  harness.compare({.name = "cost job, rows per core",
                   .variants = {{.name = "bare parse", .run = [&] { return bare_parse(data); }},
                                {.name = "job",
                                 .run = [&] { return run_job(data, rows); },
                                 .clean_up = [&] { remove_outputs(data); }}},
                   .aim = 0.1,
                   .same_checksum = false});
  if (given.empty()) fs::remove_all(data);
  return harness.finish();
}
