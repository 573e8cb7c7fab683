#include "base/timestamp.h"

#include <array>
#include <charconv>
#include <cstring>

#include "base/digits.h"

namespace tributary {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. Years are counted
// from March, so that the leap day is the last of its year; 400 years have 146,097 days.
constexpr std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<std::int64_t>(day_of_era) - 719'468;
}

struct Civil {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

constexpr Civil civil_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month,
          day_of_year - (153 * shifted + 2) / 5 + 1};
}

static_assert(days_from_civil(1970, 1, 1) == 0);
static_assert(days_from_civil(2000, 2, 29) == 11'016);

constexpr std::int64_t kFirstMicros = days_from_civil(1, 1, 1) * kMicrosPerDay;
constexpr std::int64_t kEndMicros = days_from_civil(10'000, 1, 1) * kMicrosPerDay;

constexpr bool is_leap(unsigned year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr unsigned days_of_month(unsigned year, unsigned month) {
  constexpr std::array<unsigned char, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29U : kDays[month - 1];
}

// Reads a text from left to right; every step fails softly, so that the caller reads as the
// grammar.
struct Cursor {
  const char* at;
  const char* end;

  bool done() const { return at == end; }
  bool take(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }
  // Exactly `count` digits.
  bool digits(int count, unsigned& value) {
    if (end - at < count) return false;
    unsigned result = 0;
    for (int i = 0; i < count; ++i) {
      const unsigned digit = static_cast<unsigned char>(at[i]) - unsigned{'0'};
      if (digit > 9) return false;
      result = result * 10 + digit;
    }
    at += count;
    value = result;
    return true;
  }
};

// Null, or why the text is not a time; `micros` is set when null.
const char* read_timestamp(std::string_view text, std::int64_t& micros) {
  constexpr const char* kShape = "expected YYYY-MM-DD[Thh:mm[:ss[.ffffff]][Z|+hh:mm]]";
  Cursor in{text.data(), text.data() + text.size()};
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (!in.digits(4, year) || !in.take('-') || !in.digits(2, month) || !in.take('-') ||
      !in.digits(2, day))
    return kShape;
  if (year == 0) return "the year is 0001 to 9999";
  if (month < 1 || month > 12) return "no such month";
  if (day < 1 || day > days_of_month(year, month)) return "no such day in that month";

  std::int64_t result = days_from_civil(year, month, day) * kMicrosPerDay;
  if (in.done()) {
    micros = result;
    return nullptr;
  }

  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  if ((!in.take('T') && !in.take(' ')) || !in.digits(2, hour) || !in.take(':') ||
      !in.digits(2, minute))
    return kShape;
  if (in.take(':')) {
    if (!in.digits(2, second)) return kShape;
    if (in.take('.')) {
      std::int64_t unit = 100'000;
      unsigned digit = 0;
      if (!in.digits(1, digit)) return kShape;
      do {
        if (unit == 0) return "a fraction has at most 6 digits";
        result += digit * unit;
        unit /= 10;
      } while (in.digits(1, digit));
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return "no such time of day";
  result += (hour * std::int64_t{3600} + minute * 60 + second) * kMicrosPerSecond;

  if (!in.take('Z') && !in.done()) {
    const bool west = in.take('-');
    unsigned offset_hours = 0;
    unsigned offset_minutes = 0;
    if ((!west && !in.take('+')) || !in.digits(2, offset_hours) || !in.take(':') ||
        !in.digits(2, offset_minutes))
      return kShape;
    if (offset_hours > 23 || offset_minutes > 59) return "no such offset";
    const std::int64_t offset =
        (offset_hours * std::int64_t{3600} + offset_minutes * 60) * kMicrosPerSecond;
    result += west ? offset : -offset;
  }
  if (!in.done()) return kShape;
  if (result < kFirstMicros || result >= kEndMicros) return "the year in UTC is 0001 to 9999";
  micros = result;
  return nullptr;
}

struct DurationUnit {
  std::string_view name;
  std::int64_t micros;
};
constexpr std::array<DurationUnit, 6> kUnits = {{{"d", kMicrosPerDay},
                                                 {"h", 3'600'000'000},
                                                 {"m", 60'000'000},
                                                 {"s", kMicrosPerSecond},
                                                 {"ms", 1'000},
                                                 {"us", 1}}};

}  // namespace

Result<Timestamp> parse_timestamp(std::string_view text) {
  Timestamp result;
  if (const char* fault = read_timestamp(text, result.micros))
    return fail(ErrorCode::D105, "cannot read \"{}\" as a time: {}", text.substr(0, 64), fault);
  return result;
}

std::size_t format_timestamp(Timestamp t, char* out) {
  if (t == Timestamp::min() || t == Timestamp::max()) {
    std::memcpy(out, t == Timestamp::min() ? "-inf" : "+inf", 4);
    return 4;
  }
  std::int64_t days = t.micros / kMicrosPerDay;
  std::int64_t rest = t.micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  const Civil date = civil_from_days(days);
  char* at = out;
  // Outside of what parse_timestamp reads: the expanded form of ISO 8601, with a sign and six
  // digits.
  if (date.year < 1 || date.year > 9999) {
    *at++ = date.year < 0 ? '-' : '+';
    const auto year = static_cast<std::uint32_t>(date.year < 0 ? -date.year : date.year);
    at = write_4_digits(write_2_digits(at, year / 10'000), year % 10'000);
  } else {
    at = write_4_digits(at, static_cast<std::uint32_t>(date.year));
  }
  *at++ = '-';
  at = write_2_digits(at, date.month);
  *at++ = '-';
  at = write_2_digits(at, date.day);
  *at++ = 'T';
  const auto second_of_day = static_cast<unsigned>(rest / kMicrosPerSecond);
  const auto fraction = static_cast<unsigned>(rest % kMicrosPerSecond);
  at = write_2_digits(at, second_of_day / 3600);
  *at++ = ':';
  at = write_2_digits(at, second_of_day / 60 % 60);
  *at++ = ':';
  at = write_2_digits(at, second_of_day % 60);
  if (fraction != 0) {
    *at++ = '.';
    char* const end = write_4_digits(write_2_digits(at, fraction / 10'000), fraction % 10'000);
    at = without_trailing_zeros(at, end);
  }
  *at++ = 'Z';
  return static_cast<std::size_t>(at - out);
}

std::string format_timestamp(Timestamp t) {
  std::array<char, 40> text;
  return {text.data(), format_timestamp(t, text.data())};
}

Result<Duration> parse_duration(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::C102, "cannot read \"{}\" as a length of time: {}", text.substr(0, 64),
                why);
  };
  constexpr std::string_view kShape =
      "expected an integer with a unit us, ms, s, m, h or d, such as 200ms";
  std::int64_t count = 0;
  const auto [unit, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (fault == std::errc::result_out_of_range) return refuse("out of range");
  if (fault != std::errc{}) return refuse(kShape);
  const std::string_view name(unit, static_cast<std::size_t>(text.data() + text.size() - unit));
  for (const DurationUnit& known : kUnits) {
    if (known.name != name) continue;
    Duration result;
    if (__builtin_mul_overflow(count, known.micros, &result.micros)) return refuse("out of range");
    return result;
  }
  return refuse(kShape);
}

std::string format_duration(Duration d) {
  if (d.micros == 0) return "0s";
  for (const DurationUnit& unit : kUnits)
    if (d.micros % unit.micros == 0) return fmt::format("{}{}", d.micros / unit.micros, unit.name);
  return {};
}

}  // namespace tributary
