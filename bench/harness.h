// bench/harness.h
// How everything here is measured: variants of the same work take turns in one process, the first
// round is thrown away, and what counts is the median over rounds of the ratio to the base of the
// same round. Wall time and CPU time (of all threads of the process) are kept apart: on a machine
// with other load only the second one means something.
//
// Decides: rounds, order (turned round in every second round), medians, the table and the JSON
// lines. Thread: one; what it measures may use others, which have ended when it returns.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::bench {

// What a run did. The checksums of all variants of a comparison must agree.
struct Work {
  std::uint64_t records = 0;
  std::uint64_t checksum = 0;
};

struct Variant {
  std::string name;
  std::function<Work()> run;
  std::function<void()> clean_up = [] {};  // after each run; not measured
};

// The first variant is the base: ratio = its time for a record / the other's.
struct Comparison {
  std::string name;
  std::vector<Variant> variants;
  std::optional<double> aim;  // of the second variant
  bool same_checksum = true;
};

class Harness {
 public:
  // --rounds N (7), --only TEXT (names that hold it), --variant TEXT (for profiles: one variant
  // alone, no ratios),
  // --json FILE (a line for each variant is added), and options of the bench itself as --name
  // value.
  Harness(int argc, char** argv);

  // A whole number given on the command line as --name.
  std::uint64_t number(std::string_view name, std::uint64_t otherwise) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  bool wants(std::string_view comparison) const;

  void compare(const Comparison& comparison);
  // 0, or 1 if checksums differed.
  int finish() const { return failed_ ? 1 : 0; }

 private:
  struct Sample {
    double wall_s = 0;
    double cpu_s = 0;
    Work work;
  };
  static Sample measure(const Variant& variant);
  void report(const Comparison& comparison, const std::vector<std::vector<Sample>>& rounds);

  std::vector<std::string> arguments_;
  bool failed_ = false;
  bool has_header_ = false;
};

}  // namespace tributary::bench
