#include "base/csv_splitter.h"

#include <algorithm>
#include <utility>

namespace tributary {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kCompactBytes = 64 * 1024;

}  // namespace

void CsvSplitter::feed(std::string_view bytes) {
  if (state_ == State::kSkipLine && !row_ended_ && scan_ == pending_.size()) {
    consumed_before_ += scan_;
    line_start_ -= scan_;
    row_start_ = scan_ = 0;
    pending_.clear();
  }
  pending_ += bytes;
}

std::optional<Result<CsvRow>> CsvSplitter::next() {
  if (!has_begun_) {
    if (pending_.size() < kByteOrderMark.size() && !is_finished_) return std::nullopt;
    if (pending_.starts_with(kByteOrderMark)) scan_ = line_start_ = kByteOrderMark.size();
    has_begun_ = true;
  }
  for (;;) {
    if (row_ended_) start_row();
    switch (scan()) {
      case Step::kNeedBytes:
        return std::nullopt;
      case Step::kFault: {
        row_ended_ = true;
        Error error = *std::exchange(fault_, std::nullopt);
        return std::unexpected(std::move(error));
      }
      case Step::kRow:
        row_ended_ = true;
        if (!is_blank_line()) return make_row();
    }
  }
}

void CsvSplitter::start_row() {
  row_ended_ = false;
  row_start_ = scan_;
  row_offset_ = consumed_before_ + scan_;
  row_line_ = scan_line_;
  is_refused_ = false;
  state_ = State::kCellStart;
  cell_bytes_.clear();
  ranges_.clear();
  if (row_start_ < kCompactBytes || row_start_ < pending_.size() / 2) return;
  pending_.erase(0, row_start_);
  consumed_before_ += row_start_;
  line_start_ -= row_start_;
  scan_ = row_start_ = 0;
}

CsvSplitter::Step CsvSplitter::scan() {
  while (scan_ < pending_.size()) {
    if (state_ != State::kSkipLine && scan_ - row_start_ >= options_.row_bytes_max) {
      const std::string reason = fmt::format("row of more than {} bytes", options_.row_bytes_max);
      const Step step = state_ == State::kQuoted ? give_up_quote(ErrorCode::D102, reason)
                                                 : fault(ErrorCode::D102, reason);
      if (step != Step::kNeedBytes) return step;
      continue;
    }
    if (take_run()) continue;
    const char c = pending_[scan_++];
    if (c == '\n') {
      ++scan_line_;
      line_start_ = scan_;
    }
    const Step step = take(c);
    if (step != Step::kNeedBytes) return step;
  }
  return is_finished_ ? end_of_bytes() : Step::kNeedBytes;
}

bool CsvSplitter::take_run() {
  const char* const begin = pending_.data() + scan_;
  const char* const end = pending_.data() + pending_.size();
  const char* at = begin;
  switch (state_) {
    case State::kPlain:
      while (at != end && *at != options_.separator && *at != '\n' && *at != '"') ++at;
      break;
    case State::kQuoted:
      while (at != end && *at != '"' && *at != '\n') ++at;
      break;
    case State::kSkipLine:
      at = std::find(at, end, '\n');
      keep_refused(scan_, scan_ + static_cast<std::size_t>(at - begin));
      scan_ += static_cast<std::size_t>(at - begin);
      row_start_ = scan_;  // so that a line without end does not pile up
      return scan_ == pending_.size();
    default:
      return false;
  }
  // No more than the row may have, so that the limit is seen in time.
  const std::size_t room = options_.row_bytes_max - (scan_ - row_start_);
  const std::size_t size = std::min(static_cast<std::size_t>(at - begin), room);
  cell_bytes_.append(begin, size);
  scan_ += size;
  return size > 0;
}

CsvSplitter::Step CsvSplitter::take(char c) {
  switch (state_) {
    case State::kSkipLine:
      return c == '\n' ? Step::kFault : Step::kNeedBytes;
    case State::kCellStart:
      if (ranges_.size() == options_.cells_max) return fault(ErrorCode::D102, "too many cells");
      begin_cell();
      if (c == '"') {
        ranges_.back().is_quoted = true;
        state_ = State::kQuoted;
        return Step::kNeedBytes;
      }
      state_ = State::kPlain;
      [[fallthrough]];
    case State::kPlain:
      if (c == '"') return fault(ErrorCode::D101, "quote within a cell without quotes");
      break;
    case State::kQuoted:
      if (c == '"')
        state_ = State::kQuoteInQuoted;
      else
        cell_bytes_ += c;
      return Step::kNeedBytes;
    case State::kQuoteInQuoted:
      if (c == '"') {
        cell_bytes_ += c;
        state_ = State::kQuoted;
        return Step::kNeedBytes;
      }
      if (c == '\r') {
        state_ = State::kCrAfterQuote;
        return Step::kNeedBytes;
      }
      if (c != options_.separator && c != '\n')
        return fault(ErrorCode::D101, "text behind a closing quote");
      break;
    case State::kCrAfterQuote:
      if (c != '\n') return fault(ErrorCode::D101, "text behind a closing quote");
      return Step::kRow;
  }
  if (c == options_.separator) {
    state_ = State::kCellStart;
    return Step::kNeedBytes;
  }
  if (c != '\n') {
    cell_bytes_ += c;
    return Step::kNeedBytes;
  }
  const bool has_cr = state_ == State::kPlain && cell_bytes_.size() > ranges_.back().start &&
                      cell_bytes_.back() == '\r';
  if (has_cr) cell_bytes_.pop_back();
  return Step::kRow;
}

CsvSplitter::Step CsvSplitter::end_of_bytes() {
  if (state_ == State::kSkipLine) return Step::kFault;
  if (state_ == State::kQuoted) {
    give_up_quote(ErrorCode::D101, "quote is never closed");
    return Step::kFault;
  }
  if (scan_ == row_start_) return Step::kNeedBytes;
  if (state_ == State::kCellStart) begin_cell();
  if (state_ == State::kPlain && cell_bytes_.size() > ranges_.back().start &&
      cell_bytes_.back() == '\r')
    cell_bytes_.pop_back();
  return Step::kRow;
}

void CsvSplitter::begin_cell() { ranges_.push_back({cell_bytes_.size(), false}); }

CsvSplitter::Step CsvSplitter::fault(ErrorCode code, std::string_view reason) {
  const bool at_newline = scan_ > 0 && pending_[scan_ - 1] == '\n';  // already counted
  fault_.emplace(code, at_newline ? fmt::format("line {}: {}", scan_line_ - 1, reason)
                                  : fmt::format("line {}, column {}: {}", scan_line_,
                                                scan_ - line_start_, reason));
  is_refused_ = true;
  refused_text_.clear();
  keep_refused(row_start_, scan_);
  state_ = State::kSkipLine;
  return at_newline ? Step::kFault : Step::kNeedBytes;
}

CsvSplitter::Step CsvSplitter::give_up_quote(ErrorCode code, std::string_view reason) {
  fault_.emplace(code, fmt::format("line {}: {}", row_line_, reason));
  const std::size_t newline = pending_.find('\n', row_start_);
  is_refused_ = true;
  refused_text_.clear();
  keep_refused(row_start_, std::min(newline, scan_));
  state_ = State::kSkipLine;
  if (newline >= scan_) return Step::kNeedBytes;
  scan_ = line_start_ = newline + 1;
  scan_line_ = row_line_ + 1;
  return Step::kFault;
}

void CsvSplitter::keep_refused(std::size_t begin, std::size_t end) {
  refused_text_.append(pending_, begin, std::min(end - begin, kRowTextMax - refused_text_.size()));
}

std::string_view CsvSplitter::row_text() const {
  std::string_view text = is_refused_
                              ? std::string_view(refused_text_)
                              : std::string_view(pending_).substr(row_start_, scan_ - row_start_);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

bool CsvSplitter::is_blank_line() const {
  return ranges_.size() == 1 && !ranges_[0].is_quoted && cell_bytes_.empty();
}

CsvRow CsvSplitter::make_row() {
  cells_.clear();
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    const std::size_t end = i + 1 < ranges_.size() ? ranges_[i + 1].start : cell_bytes_.size();
    cells_.push_back(
        {std::string_view(cell_bytes_).substr(ranges_[i].start, end - ranges_[i].start),
         ranges_[i].is_quoted});
  }
  return {row_line_, cells_};
}

}  // namespace tributary
