// bench/job_run.h
// Runs a job of the typed API to its end on real threads, as `tributary run` does, and a sink that
// adds up what it gets, so that nothing can be left out by the compiler and the results of variants
// can be compared.
//
// Decides: default options of a local job, state in memory. A failed job stops the bench.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include <tributary/job.h>

#include "runtime/exec/job_program.h"

namespace tributary::bench {

// Runs `program` to its end with so many slots.
void run_to_end(const JobProgram& program, std::uint32_t slots);

// The program of a graph that `author`, void(Job&), makes.
template <typename Author>
JobProgram program_of(const Author& author) {
  internal::GraphBuilder graph("bench");
  Job job(graph);
  author(job);
  JobProgram program;
  const std::vector<Error> mistakes = graph.finish(program);
  TRIBUTARY_CHECK(mistakes.empty(), "{}", mistakes.front().to_string());
  return program;
}

// Of all tasks of a sink together.
using Sum = std::shared_ptr<std::atomic<std::uint64_t>>;

template <typename T, std::uint64_t (*kOf)(const T&)>
class SumSink final : public Operator {
 public:
  explicit SumSink(Sum sum) : sum_(std::move(sum)) {}
  std::uint32_t process(std::uint32_t, BatchPtr& batch, std::uint32_t from, Output&) override {
    const std::uint32_t size = batch->size();
    const T* records = batch->records<T>().data();
    for (std::uint32_t i = from; i < size; ++i) here_ += kOf(records[i]);
    return size;
  }
  Status close(bool) override {
    sum_->fetch_add(here_);
    return {};
  }

 private:
  Sum sum_;
  std::uint64_t here_ = 0;
};

// Adds kOf(record) of every record to `sum`.
template <typename T, std::uint64_t (*kOf)(const T&)>
SinkSpec<T, kAppend, kDelta, kUpsert> sum_sink(Sum sum) {
  return {.untyped = {.operator_type = "sum",
                      .record_type = nullptr,
                      .parallelism = 0,
                      .properties = {},
                      .make_operator = [sum = std::move(sum)] {
                        return std::make_unique<SumSink<T, kOf>>(sum);
                      }}};
}

}  // namespace tributary::bench
