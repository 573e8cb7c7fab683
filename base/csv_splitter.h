// base/csv_splitter.h
// Cuts a stream of bytes into CSV rows (RFC 4180): quotes, doubled quotes, newlines within quotes,
// LF or CRLF. A malformed row is reported with its line and column, and splitting goes on at the
// next line.
//
// Thread: one task. Invariant: every byte is looked at a bounded number of times, however it is cut
// into feeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary {

struct CsvCell {
  std::string_view text;
  bool is_quoted = false;
};

// Valid until the next call of the splitter.
struct CsvRow {
  std::uint64_t line = 0;  // its first, from 1
  std::span<const CsvCell> cells;
};

struct CsvOptions {
  char separator = ',';
  std::size_t row_bytes_max = 1 << 20;
  std::size_t cells_max = 4096;
};

class CsvSplitter {
 public:
  explicit CsvSplitter(CsvOptions options = {}) : options_(options) {}

  // Adds bytes, cut anywhere.
  void feed(std::string_view bytes);
  // No more bytes come: a last line without a newline is a row.
  void finish() { is_finished_ = true; }

  // The next row; nothing when more bytes are needed (or, after finish(), at the end). Empty lines
  // are passed over. D101 and D102 are of one row: call again for the next.
  std::optional<Result<CsvRow>> next();

  // The row that next() gave last, or refused: offset of its first byte, its first line (from 1),
  // and its bytes as they stand in the file, without the line end; of a refused row at most
  // kRowTextMax. Valid until the next call.
  std::uint64_t row_offset() const { return row_offset_; }
  std::uint64_t row_line() const { return row_line_; }
  std::string_view row_text() const;
  static constexpr std::size_t kRowTextMax = 64 * 1024;

  // Bytes that belong to rows already handed out, malformed ones included: where a restart may
  // begin.
  std::uint64_t consumed_bytes() const {
    return consumed_before_ + (row_ended_ ? scan_ : row_start_);
  }

 private:
  enum class State : std::uint8_t {
    kCellStart,
    kPlain,
    kQuoted,
    kQuoteInQuoted,
    kCrAfterQuote,
    kSkipLine
  };
  enum class Step : std::uint8_t { kNeedBytes, kRow, kFault };

  struct CellRange {
    std::size_t start = 0;  // in cell_bytes_
    bool is_quoted = false;
  };

  void start_row();
  // Looks at bytes from scan_ on, up to the end of a row.
  Step scan();
  // One byte that ends or begins something; the runs between are taken at once.
  Step take(char c);
  bool take_run();
  Step end_of_bytes();
  void begin_cell();
  Step fault(ErrorCode code, std::string_view reason);
  // A quote that is never closed swallows good rows: go on behind the first line of this row.
  Step give_up_quote(ErrorCode code, std::string_view reason);
  void keep_refused(std::size_t begin, std::size_t end);
  CsvRow make_row();
  bool is_blank_line() const;

  CsvOptions options_;
  std::string pending_;                // bytes not yet handed out, from row_start_ on
  std::uint64_t consumed_before_ = 0;  // bytes before pending_
  std::size_t row_start_ = 0;
  std::size_t scan_ = 0;
  std::size_t line_start_ = 0;  // of the line that scan_ is in
  std::uint64_t row_offset_ = 0;
  std::uint64_t row_line_ = 1;   // line number of row_start_
  std::uint64_t scan_line_ = 1;  // of scan_
  State state_ = State::kCellStart;
  bool row_ended_ = true;
  bool is_finished_ = false;
  bool has_begun_ = false;
  bool is_refused_ = false;   // the row handed out last
  std::string refused_text_;  // its bytes, which skipping does not keep

  std::string cell_bytes_;  // of the row, without quotes
  std::vector<CellRange> ranges_;
  std::vector<CsvCell> cells_;
  std::optional<Error> fault_;
};

}  // namespace tributary
