// operators/testing/job_test_options.h
// What may be said of a JobTest beside its job and settings: JobTest job(spend, settings, {.slots =
// 3, .seed = 7}).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/timestamp.h"

namespace tributary::testing {

struct JobTestOptions {
  std::string name = "job-test";
  // Parallelism; an operator that asks for more gets this many tasks.
  std::uint32_t slots = 1;
  // Of the scheduler: another seed, another interleaving.
  std::uint64_t seed = 1;
  // Processing time at the beginning: 2026-09-01T00:00Z.
  Timestamp start{1'788'220'800'000'000};
  // Most records that a source hands on at once.
  std::uint32_t batch_records = 64;
  // 0: the job's.
  std::uint32_t key_groups = 0;
};

// How a history is run again: job.same_result_when_permuted(50, {.keep_order = true}).
struct PermuteOptions {
  // Records of one source keep their order; what varies is batching, slots, scheduling and
  // crashes.
  bool keep_order = false;
  std::uint32_t slots_max = 4;
  // How often a run may at most be crashed and restored, or go on with other slots; where is the
  // seed's. 0: never.
  std::uint32_t crashes = 2;
  // Sinks whose output may differ.
  std::vector<std::string> ignored_sinks{};
};

}  // namespace tributary::testing
