#include "base/failpoint.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/excerpt.h"
#include "base/nearest_name.h"

namespace tributary {

namespace internal {
constinit std::atomic<bool> failpoints_armed = false;
}

namespace {

constexpr std::size_t kSettingBytesMax = 4096;
constexpr std::uint64_t kPassMax = 1'000'000'000;
constexpr std::uint64_t kSleepMsMax = 60'000;
constexpr int kCrashStatus = 137;  // what a shell shows for SIGKILL

enum class Action : std::uint8_t { kNone, kCrash, kError, kSleep };

struct Armed {
  Action action = Action::kNone;
  std::uint64_t sleep_ms = 0;
  std::uint64_t at_pass = 0;  // 0: at each
  std::uint64_t passes = 0;
};

using ArmedPoints = std::array<Armed, kFailpoints.size()>;

constinit std::mutex points_mutex;
constinit ArmedPoints points;

std::unexpected<Error> refused(std::string what) {
  return std::unexpected(Error(ErrorCode::C110, "TRIBUTARY_FAILPOINTS: " + std::move(what),
                               "write name=crash, name=error or name=sleep:100, with @n for the "
                               "n-th pass only, separated by commas; the names: "
                               "TRIBUTARY_FAILPOINTS= tributary failpoints"));
}

std::optional<std::uint64_t> number_within(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > max)
    return std::nullopt;
  return value;
}

std::optional<std::size_t> index_of(std::string_view name) {
  const auto found = std::ranges::find(kFailpoints, name, &FailpointEntry::name);
  if (found == kFailpoints.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kFailpoints.begin());
}

Result<std::size_t> known_point(std::string_view name) {
  if (const auto index = index_of(name)) return *index;
  std::vector<std::string_view> names;
  names.reserve(kFailpoints.size());
  for (const FailpointEntry& entry : kFailpoints) names.push_back(entry.name);
  const auto nearest = nearest_name(name, names);
  return refused(fmt::format("there is no failpoint {}{}", excerpt(name),
                             nearest ? fmt::format("; did you mean {}?", *nearest) : ""));
}

Status read_action(std::string_view text, const FailpointEntry& entry, Armed& armed) {
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    const auto pass = number_within(text.substr(at + 1), kPassMax);
    if (!pass)
      return refused(fmt::format("{}: the pass behind @ is a number from 1 to {}, not {}",
                                 entry.name, kPassMax, excerpt(text.substr(at + 1))));
    armed.at_pass = *pass;
    text = text.substr(0, at);
  }
  if (text == "crash") {
    armed.action = Action::kCrash;
  } else if (text == "error") {
    if (entry.kind != FailpointKind::kFallible)
      return refused(fmt::format("{} cannot fail: it takes crash and sleep", entry.name));
    armed.action = Action::kError;
  } else if (text.starts_with("sleep:")) {
    const auto ms = number_within(text.substr(6), kSleepMsMax);
    if (!ms)
      return refused(fmt::format("{}: a sleep lasts from 1 to {} ms, not {}", entry.name,
                                 kSleepMsMax, excerpt(text.substr(6))));
    armed.action = Action::kSleep;
    armed.sleep_ms = *ms;
  } else {
    return refused(fmt::format("{}: there is no action {}", entry.name, excerpt(text)));
  }
  return {};
}

Result<ArmedPoints> read_setting(std::string_view setting) {
  if (setting.size() > kSettingBytesMax)
    return refused(
        fmt::format("{} bytes; at most {} are allowed", setting.size(), kSettingBytesMax));
  ArmedPoints read;
  while (!setting.empty()) {
    const std::size_t comma = std::min(setting.find(','), setting.size());
    const std::string_view item = setting.substr(0, comma);
    setting.remove_prefix(std::min(comma + 1, setting.size()));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos)
      return refused(fmt::format("{} is not name=action", excerpt(item)));
    const std::size_t index = TRY(known_point(item.substr(0, equals)));
    if (read[index].action != Action::kNone)
      return refused(fmt::format("{} is there twice", kFailpoints[index].name));
    TRY(read_action(item.substr(equals + 1), kFailpoints[index], read[index]));
  }
  return read;
}

}  // namespace

Status internal::pass_failpoint(std::size_t index) {
  Armed armed;
  {
    const std::lock_guard lock(points_mutex);
    ++points[index].passes;
    armed = points[index];
  }
  if (armed.at_pass != 0 && armed.passes != armed.at_pass) return {};
  const std::string_view name = kFailpoints[index].name;
  switch (armed.action) {
    case Action::kNone:
      return {};
    case Action::kCrash:
      std::fprintf(stderr, "failpoint %s: crash at pass %llu\n", name.data(),
                   static_cast<unsigned long long>(armed.passes));
      std::_Exit(kCrashStatus);
    case Action::kError:
      return fail(ErrorCode::S440, "failpoint {}: error at pass {}", name, armed.passes);
    case Action::kSleep:
      std::this_thread::sleep_for(std::chrono::milliseconds(armed.sleep_ms));
      return {};
  }
  return {};
}

Status arm_failpoints(std::string_view setting) {
  const ArmedPoints read = TRY(read_setting(setting));
  const std::lock_guard lock(points_mutex);
  points = read;
  internal::failpoints_armed.store(
      std::ranges::any_of(read, [](const Armed& one) { return one.action != Action::kNone; }),
      std::memory_order_relaxed);
  return {};
}

std::uint64_t failpoint_passes(std::string_view name) {
  const auto index = index_of(name);
  const std::lock_guard lock(points_mutex);
  return index ? points[*index].passes : 0;
}

ScopedFailpoints::ScopedFailpoints(std::string_view setting) {
  TRIBUTARY_CHECK(!internal::failpoints_armed.load(), "failpoints are armed already");
  const Status armed = arm_failpoints(setting);
  TRIBUTARY_CHECK(armed.has_value(), "{}", armed.error().what());
}

ScopedFailpoints::~ScopedFailpoints() { (void)arm_failpoints({}); }

}  // namespace tributary
