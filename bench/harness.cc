#include "bench/harness.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <sys/time.h>

#include <fmt/format.h>

namespace tributary::bench {

namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double process_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Spread {
  double least = 0;
  double median = 0;
  double greatest = 0;
};

Spread spread_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {values.front(), median, values.back()};
}

}  // namespace

Harness::Harness(int argc, char** argv) : arguments_(argv + 1, argv + argc) {}

std::string Harness::text(std::string_view name, std::string_view otherwise) const {
  for (std::size_t i = 0; i + 1 < arguments_.size(); ++i) {
    if (arguments_[i].starts_with("--") && arguments_[i].substr(2) == name)
      return arguments_[i + 1];
  }
  return std::string(otherwise);
}

std::uint64_t Harness::number(std::string_view name, std::uint64_t otherwise) const {
  const std::string given = text(name, "");
  return given.empty() ? otherwise : std::strtoull(given.c_str(), nullptr, 10);
}

bool Harness::wants(std::string_view comparison) const {
  return comparison.find(text("only", "")) != std::string_view::npos;
}

Harness::Sample Harness::measure(const Variant& variant) {
  Sample sample;
  const double cpu = process_cpu_s();
  const double wall = wall_s();
  sample.work = variant.run();
  sample.wall_s = wall_s() - wall;
  sample.cpu_s = process_cpu_s() - cpu;
  return sample;
}

void Harness::compare(const Comparison& comparison) {
  if (!wants(comparison.name)) return;
  Comparison chosen = comparison;
  if (const std::string only = text("variant", ""); !only.empty()) {
    std::erase_if(chosen.variants, [&](const Variant& variant) {
      return variant.name.find(only) == std::string::npos;
    });
  }
  if (chosen.variants.empty()) return;
  const std::size_t count = chosen.variants.size();
  const std::size_t rounds = std::max<std::uint64_t>(number("rounds", 7), 1);
  std::vector<std::vector<Sample>> samples;
  for (std::size_t round = 0; round <= rounds; ++round) {
    std::vector<Sample> of_round(count);
    for (std::size_t turn = 0; turn < count; ++turn) {
      const std::size_t which = round % 2 == 0 ? turn : count - 1 - turn;
      of_round[which] = measure(chosen.variants[which]);
      chosen.variants[which].clean_up();
    }
    for (const Sample& sample : of_round) {
      if (chosen.same_checksum && sample.work.checksum != of_round[0].work.checksum) {
        fmt::print("{}: checksums differ\n", chosen.name);
        failed_ = true;
        return;
      }
    }
    if (round > 0) samples.push_back(std::move(of_round));
  }
  report(chosen, samples);
}

void Harness::report(const Comparison& comparison, const std::vector<std::vector<Sample>>& rounds) {
  if (!has_header_) {
    fmt::print("{:<28} {:<14} {:>9} {:>11}  {:>22} {:>22}  {}\n", "comparison", "variant",
               "M rec/s", "ns CPU/rec", "rate / base, CPU", "rate / base, wall", "aim");
    has_header_ = true;
  }
  std::FILE* json = nullptr;
  if (const std::string path = text("json", ""); !path.empty())
    json = std::fopen(path.c_str(), "a");
  for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
    std::vector<double> rate;
    std::vector<double> cpu_ns;
    std::vector<double> wall_ratio;
    std::vector<double> cpu_ratio;
    for (const std::vector<Sample>& round : rounds) {
      const auto per_record = [](const Sample& sample, double s) {
        return s / static_cast<double>(sample.work.records);
      };
      const Sample& base = round[0];
      const Sample& sample = round[v];
      rate.push_back(1e-6 / per_record(sample, sample.wall_s));
      cpu_ns.push_back(1e9 * per_record(sample, sample.cpu_s));
      wall_ratio.push_back(per_record(base, base.wall_s) / per_record(sample, sample.wall_s));
      cpu_ratio.push_back(per_record(base, base.cpu_s) / per_record(sample, sample.cpu_s));
    }
    const Spread wall = spread_of(wall_ratio);
    const Spread cpu = spread_of(cpu_ratio);
    const auto shown = [](const Spread& s) {
      return fmt::format("{:.3f} ({:.3f} to {:.3f})", s.median, s.least, s.greatest);
    };
    const bool has_aim = v == 1 && comparison.aim.has_value();
    const Variant& variant = comparison.variants[v];
    fmt::print("{:<28} {:<14} {:>9.2f} {:>11.1f}  {:>22} {:>22}  {}\n", comparison.name,
               variant.name, spread_of(rate).median, spread_of(cpu_ns).median,
               v == 0 ? "1" : shown(cpu), v == 0 ? "1" : shown(wall),
               has_aim ? fmt::format("{}", *comparison.aim) : "");
    if (json != nullptr) {
      fmt::print(
          json,
          R"({{"comparison":"{}","variant":"{}","rounds":{},"million_per_s":{:.4f},"cpu_ns_per_record":{:.2f},)"
          R"("cpu_ratio":{:.4f},"cpu_ratio_min":{:.4f},"cpu_ratio_max":{:.4f},"wall_ratio":{:.4f},)"
          R"("wall_ratio_min":{:.4f},"wall_ratio_max":{:.4f}{}}})"
          "\n",
          comparison.name, variant.name, rounds.size(), spread_of(rate).median,
          spread_of(cpu_ns).median, cpu.median, cpu.least, cpu.greatest, wall.median, wall.least,
          wall.greatest, has_aim ? fmt::format(",\"aim\":{}", *comparison.aim) : "");
    }
  }
  if (json != nullptr) std::fclose(json);
  std::fflush(stdout);
}

}  // namespace tributary::bench
