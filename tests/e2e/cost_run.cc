#include "tests/e2e/cost_run.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/e2e/program_run.h"
#include "tests/e2e/visible_files.h"

namespace tributary::testing {

namespace fs = std::filesystem;
using Json = nlohmann::json;

CostRun::CostRun() {
  std::string name = (fs::temp_directory_path() / "tributary-cost-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  dir_ = name;
}

CostRun::~CostRun() {
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

std::string CostRun::program() { return TRIBUTARY_BINARY_DIR "/bin/tributary"; }

CostRun::Outcome CostRun::tool(std::vector<std::string> arguments) const {
  ProgramRun run(TRIBUTARY_BINARY_DIR "/bin/attribution", std::move(arguments));
  const int code = run.wait();
  return {code, run.out(), run.err()};
}

std::vector<std::string> CostRun::run_arguments(int slots, std::vector<std::string> more) const {
  std::vector<std::string> arguments = {"run",        "cost-attribution",
                                        "--job-path", TRIBUTARY_BINARY_DIR "/lib/tributary/jobs",
                                        "--set",      "files.dir=" + dir_.string(),
                                        "--state",    (dir_ / "state").string(),
                                        "--slots",    std::to_string(slots),
                                        "--progress", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Json CostRun::run(int slots, std::vector<std::string> more) const {
  ProgramRun run(program(), run_arguments(slots, std::move(more)));
  const int code = run.wait();
  EXPECT_EQ(code, 0) << run.err();
  const std::size_t last = run.out().rfind("{\"event\"");
  if (last == std::string::npos) {
    ADD_FAILURE() << "no summary in " << run.out();
    return {};
  }
  Json summary = Json::parse(run.out().substr(last));
  EXPECT_EQ(summary["event"], "finished");
  return summary;
}

void CostRun::append(const std::string& topic, const std::string& file,
                     const std::string& lines) const {
  fs::create_directories(dir_ / topic);
  std::ofstream(dir_ / topic / file, std::ios::app) << lines;
}

void CostRun::publish_rules(const std::string& yaml) const {
  const fs::path file = dir_ / "rules.yaml";
  std::ofstream(file) << yaml;
  const Outcome published =
      tool({"rules", "publish", file.string(), "--to", dir_.string(), "--author", "ann"});
  ASSERT_EQ(published.code, 0) << published.out << published.err;
}

void CostRun::read(const std::string& topic, const std::function<void(const Json&)>& each) const {
  for (const fs::path& file : visible_files(dir_ / topic)) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) each(Json::parse(line));
  }
}

std::vector<Json> CostRun::records(const std::string& topic) const {
  std::vector<Json> records;
  read(topic, [&](const Json& record) { records.push_back(record); });
  return records;
}

std::map<std::string, Amount> CostRun::sums(const std::string& tenant, const std::string& dimension,
                                            const std::string& metric) const {
  std::map<std::string, Amount> sums;
  read("ledger", [&](const Json& line) {
    if (line["tenant"] != tenant || line["dimension"] != dimension) return;
    const auto amount = parse_amount(line[metric].get<std::string>());
    ASSERT_TRUE(amount) << line;
    ASSERT_TRUE(add_to(sums[line["element"].get<std::string>()], *amount));
  });
  return sums;
}

fs::path test_data(const std::string& name) {
  const fs::path file = fs::path(TRIBUTARY_SOURCE_DIR) / ".." / "shared" / "data" / name;
  return fs::exists(file) ? file : fs::path();
}

}  // namespace tributary::testing
