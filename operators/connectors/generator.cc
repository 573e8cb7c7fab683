#include "operators/connectors/generator.h"

#include <algorithm>
#include <charconv>
#include <exception>

namespace tributary {

namespace {

constexpr std::int64_t kSecond = 1'000'000;

std::uint64_t split_count(const GenerateOptions& options) {
  const std::uint64_t splits = std::max<std::uint64_t>(options.splits, 1);
  return options.count == 0 ? splits : std::min(splits, options.count);
}

// How many of [0, count) are k, k + n, …
std::int64_t numbers_of(std::uint64_t count, std::uint64_t k, std::uint64_t n) {
  return static_cast<std::int64_t>((count - k + n - 1) / n);
}

// How long after the start a number is due: the first microsecond at which rate * t >= number.
std::int64_t micros_of(std::uint64_t number, std::uint64_t rate) {
  const auto product = static_cast<unsigned __int128>(number) * kSecond;
  return static_cast<std::int64_t>((product + rate - 1) / rate);
}

}  // namespace

Result<std::vector<Split>> GeneratorLister::list() {
  const std::uint64_t n = split_count(options_);
  std::vector<Split> splits;
  for (std::uint64_t k = 0; k < n; ++k) {
    const std::int64_t end = options_.count == 0 ? -1 : numbers_of(options_.count, k, n);
    // Leading zeros: sorted by id is sorted by number.
    splits.push_back({.id = fmt::format("numbers-{:010}-of-{}", k, n),
                      .position = 0,
                      .end = end,
                      .weight = std::max<std::int64_t>(end, 0)});
  }
  return splits;
}

Status GeneratorReader::open(OperatorContext& context) {
  clock_ = &context.clock();
  return {};
}

Status GeneratorReader::add_split(const Split& split) {
  Numbers numbers{.split = split, .first = 0, .origin = {}};
  const std::string_view id = split.id;
  const std::string_view prefix = "numbers-";
  const std::string suffix = fmt::format("-of-{}", split_count(options_));
  const bool is_ours = id.starts_with(prefix) && id.ends_with(suffix) &&
                       std::from_chars(id.data() + prefix.size(),
                                       id.data() + id.size() - suffix.size(), numbers.first)
                               .ec == std::errc{};
  if (!is_ours) {
    return fail(
        ErrorCode::C102,
        "generator: split {} is not one of {}: the number of splits is fixed at the first start",
        split.id, split_count(options_));
  }
  splits_.push_back(std::move(numbers));
  return {};
}

std::uint64_t GeneratorReader::ready(Numbers& numbers, Timestamp now) const {
  const auto made = static_cast<std::uint64_t>(numbers.split.position);
  std::uint64_t left = UINT64_MAX;
  if (numbers.split.end >= 0)
    left = static_cast<std::uint64_t>(
        std::max<std::int64_t>(numbers.split.end - numbers.split.position, 0));
  if (options_.rate == 0 || left == 0) return left;
  const std::uint64_t n = split_count(options_);
  // After a restart the round that is next is due now.
  if (!numbers.origin) numbers.origin = now - microseconds(micros_of(made * n, options_.rate));
  const auto elapsed =
      static_cast<unsigned __int128>(std::max<std::int64_t>((now - *numbers.origin).micros, 0));
  const auto last_due = static_cast<std::uint64_t>(elapsed * options_.rate / kSecond);
  if (last_due < numbers.first) return 0;
  const std::uint64_t due = (last_due - numbers.first) / n + 1;
  return due <= made ? 0 : std::min(left, due - made);
}

Timestamp GeneratorReader::next_due(const Numbers& numbers) const {
  const std::uint64_t number =
      numbers.first + static_cast<std::uint64_t>(numbers.split.position) * split_count(options_);
  return *numbers.origin + microseconds(micros_of(number, options_.rate));
}

Result<ReadResult> GeneratorReader::read(SourceOutput& out) {
  const Timestamp now = clock_->now();
  Timestamp retry_at = Timestamp::max();
  for (std::size_t tried = 0; tried < splits_.size(); ++tried) {
    const std::uint32_t index = next_;
    next_ = (next_ + 1) % static_cast<std::uint32_t>(splits_.size());
    const std::uint64_t count = ready(splits_[index], now);
    if (count > 0) {
      TRY(make(index, count, out));
      return ReadResult{.state = ReadState::kMore, .retry_at = {}};
    }
    if (splits_[index].split.position != splits_[index].split.end)
      retry_at = std::min(retry_at, next_due(splits_[index]));
  }
  if (retry_at == Timestamp::max()) return ReadResult{.state = ReadState::kEnd, .retry_at = {}};
  return ReadResult{.state = ReadState::kIdle, .retry_at = retry_at};
}

Status GeneratorReader::make(std::uint32_t index, std::uint64_t count, SourceOutput& out) {
  Numbers& numbers = splits_[index];
  const std::uint64_t n = split_count(options_);
  BatchPtr batch = out.take(type_);
  const auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, batch->capacity()));
  std::uint64_t number = 0;
  std::string why;
  try {
    kernel_(*batch, numbers.first + static_cast<std::uint64_t>(numbers.split.position) * n, n, size,
            number);
  } catch (const std::exception& e) {
    why = fmt::format(": {}", e.what());
  } catch (...) {
    why = " by an exception that is no std::exception";
  }
  if (!why.empty())
    return fail(ErrorCode::P801, "generator: the function failed at number {}{}", number, why);
  numbers.split.position += size;
  out.emit_from(index, std::move(batch));
  return {};
}

bool GeneratorReader::caught_up() const {
  return std::ranges::all_of(
      splits_, [](const Numbers& numbers) { return numbers.split.position >= numbers.split.end; });
}

std::vector<Split> GeneratorReader::positions() const {
  std::vector<Split> splits;
  for (const Numbers& numbers : splits_) splits.push_back(numbers.split);
  return splits;
}

std::int64_t GeneratorReader::backlog() const {
  if (options_.count == 0) return -1;
  std::int64_t left = 0;
  for (const Numbers& numbers : splits_) left += numbers.split.end - numbers.split.position;
  return left;
}

namespace internal {

UntypedSource make_generator(const GenerateOptions& options, const TypeInfo& type,
                             GenerateKernel kernel) {
  UntypedSource source{
      .operator_type = "generator",
      .record_type = &type,
      .bounded = options.count > 0,
      .properties = {{"splits", std::to_string(split_count(options))}},
      .make_reader =
          [options, &type, kernel = std::move(kernel)] {
            return std::make_unique<GeneratorReader>(options, type, kernel);
          },
      .make_lister = [options] { return std::make_unique<GeneratorLister>(options); }};
  if (options.count > 0) {
    source.properties["count"] = std::to_string(options.count);
    source.properties["backlog_unit"] = "records";
  }
  if (options.rate > 0) source.properties["rate"] = fmt::format("{}/s", options.rate);
  return source;
}

}  // namespace internal
}  // namespace tributary
