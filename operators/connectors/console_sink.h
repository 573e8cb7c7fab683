// operators/connectors/console_sink.h
// Prints records as a table whose columns are as wide as the first batch wants them.
//
// Thread: one task. A batch is one write, so that tables of two sinks do not mix within a line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/exec/operator.h"

namespace tributary {

class ConsoleSink final : public Operator {
 public:
  using Write = std::function<Status(std::string_view text)>;

  ConsoleSink(std::string title, std::uint64_t rows_max, const TypeInfo& type, Write write)
      : title_(std::move(title)), rows_max_(rows_max), type_(type), write_(std::move(write)) {}

  std::uint32_t process(std::uint32_t input, BatchPtr& batch, std::uint32_t from,
                        Output& out) override;
  Status close(bool clean) override;

  static constexpr std::size_t kCellLettersMax = 60;

 private:
  std::string cell_of(const FieldInfo& field, const void* record) const;
  void begin_table(const std::vector<std::vector<std::string>>& rows, std::string& out);
  void append_row(std::string_view mark, const std::vector<std::string>& cells,
                  std::string& out) const;

  const std::string title_;
  const std::uint64_t rows_max_;
  const TypeInfo& type_;
  const Write write_;
  std::vector<std::size_t> widths_;  // empty before the first batch
  std::uint64_t rows_ = 0;           // seen
};

}  // namespace tributary
