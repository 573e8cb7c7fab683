// operators/connectors/generator.h
// The numbers of a generator as splits: split k of n makes k, k + n, k + 2n, … A split's position
// is how many it has made.
//
// Numbers are dealt out rather than cut into ranges, so that records come about in the order of
// their numbers and none of them is late. With a rate, number i is due i / rate seconds after the
// start; a source that fell behind catches up. Thread: one task.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "operators/include/tributary/generator.h"
#include "runtime/exec/source.h"

namespace tributary {

class GeneratorLister final : public SplitLister {
 public:
  explicit GeneratorLister(const GenerateOptions& options) : options_(options) {}
  Result<std::vector<Split>> list() override;

 private:
  const GenerateOptions options_;
};

class GeneratorReader final : public SourceReader {
 public:
  GeneratorReader(const GenerateOptions& options, const TypeInfo& type,
                  internal::GenerateKernel kernel)
      : options_(options), type_(type), kernel_(std::move(kernel)) {}

  Status open(OperatorContext& context) override;
  Status add_split(const Split& split) override;
  void no_more_splits() override {}
  Result<ReadResult> read(SourceOutput& out) override;
  bool caught_up() const override;
  std::vector<Split> positions() const override;
  std::int64_t backlog() const override;

 private:
  struct Numbers {
    Split split;
    std::uint64_t first = 0;          // k
    std::optional<Timestamp> origin;  // when number 0 was, or would have been, due
  };
  // How many records of the split may be made now.
  std::uint64_t ready(Numbers& numbers, Timestamp now) const;
  Timestamp next_due(const Numbers& numbers) const;
  Status make(std::uint32_t index, std::uint64_t count, SourceOutput& out);

  const GenerateOptions options_;
  const TypeInfo& type_;
  internal::GenerateKernel kernel_;
  const Clock* clock_ = nullptr;
  std::vector<Numbers> splits_;
  std::uint32_t next_ = 0;
};

}  // namespace tributary
