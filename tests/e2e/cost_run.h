// tests/e2e/cost_run.h
// The cost job as people run it: folders of topics, the program `attribution` before and after, the
// program `tributary` between.
//
// Everything lies in one temporary folder, which goes with the object. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/money.h"

namespace tributary::testing {

class CostRun {
 public:
  CostRun();
  ~CostRun();
  CostRun(const CostRun&) = delete;
  CostRun& operator=(const CostRun&) = delete;

  const std::filesystem::path& dir() const { return dir_; }
  std::filesystem::path topic(const std::string& name) const { return dir_ / name; }

  struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
  };
  // `attribution …`
  Outcome tool(std::vector<std::string> arguments) const;
  // `tributary run cost-attribution …` over dir() to the end of the input; the last line of its
  // progress as JSON. Adds a failure to the test unless it ends well.
  nlohmann::json run(int slots, std::vector<std::string> more = {}) const;
  // What `run` calls, for tests that need the process.
  std::vector<std::string> run_arguments(int slots, std::vector<std::string> more = {}) const;
  static std::string program();

  // A line of a file of a topic, appended.
  void append(const std::string& topic, const std::string& file, const std::string& lines) const;
  // Writes a rule document and publishes it.
  void publish_rules(const std::string& yaml) const;
  // The records of all files below a topic's folder, in any order.
  void read(const std::string& topic, const std::function<void(const nlohmann::json&)>& each) const;
  std::vector<nlohmann::json> records(const std::string& topic) const;

  // Sums of a metric over the ledger of a tenant: element -> amount, of one dimension.
  std::map<std::string, Amount> sums(const std::string& tenant, const std::string& dimension,
                                     const std::string& metric = "billed") const;

 private:
  std::filesystem::path dir_;
};

// A file of the test data, which is not part of the repository; empty if it is not there.
std::filesystem::path test_data(const std::string& name);

}  // namespace tributary::testing
