#include "runtime/api/reference_commands.h"

#include <array>
#include <vector>

#include <google/protobuf/stubs/common.h>
#include <nlohmann/json.hpp>

#include "base/failpoint.h"
#include "base/nearest_name.h"
#include "runtime/exec/job_descriptor.h"

namespace tributary {
namespace {

constexpr std::array kCodes = {
#define TRIBUTARY_ERROR(code, who, title, page) ErrorCode::code,
#include "base/error_codes.def"
#undef TRIBUTARY_ERROR
};

std::string_view who_text(Actor who) {
  switch (who) {
    case Actor::kUser:
      return "you";
    case Actor::kProject:
      return "project";
    case Actor::kPlatform:
      return "platform";
    case Actor::kBug:
      return "a bug";
  }
  return "a bug";
}

// Breaks at blanks, so that a page reads well on 80 columns.
std::string wrapped(std::string_view text) {
  constexpr std::size_t kWidth = 78;
  std::string out = "  ";
  std::size_t column = 2;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > 2 && column + 1 + end > kWidth) {
      out += "\n  ";
      column = 2;
    } else if (column > 2) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\n";
}

}  // namespace

std::string version_text() {
  std::string text = fmt::format("tributary {}\n", engine_version());
  text += fmt::format("  job ABI    {}\n", job_abi());
  text += fmt::format("  compiler   {}\n",
#if defined(__clang__)
                      "clang " __clang_version__
#else
                      "g++ " __VERSION__
#endif
  );
  text += fmt::format("  libstdc++  {} ({})\n", _GLIBCXX_RELEASE, __GLIBCXX__);
  text += fmt::format("  protobuf   {}\n",
                      google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION));
  text += fmt::format("  fmt        {}.{}.{}\n", FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
                      FMT_VERSION % 100);
  return text;
}

Result<std::string> error_text(std::string_view code) {
  std::string upper(code);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (const auto found = find_error_code(upper)) {
    const ErrorPage& page = error_page(*found);
    return fmt::format("{}  {}\n{}  who: {}\n", page.code, page.title, wrapped(page.page),
                       who_text(page.who));
  }
  std::vector<std::string_view> known;
  known.reserve(std::size(kCodes));
  for (const ErrorCode each : kCodes) known.push_back(error_page(each).code);
  const auto nearest = nearest_name(upper, known);
  return std::unexpected(
      Error(ErrorCode::C105,
            fmt::format("there is no error code {}{}", std::string(code.substr(0, 32)),
                        nearest ? fmt::format("; did you mean {}?", *nearest) : ""),
            "tributary error --list"));
}

std::string error_list_text() {
  std::string text;
  for (const ErrorCode code : kCodes)
    text += fmt::format("{:<5} {}\n", error_page(code).code, error_page(code).title);
  return text;
}

std::string failpoints_text(bool json) {
  std::string text;
  for (const FailpointEntry& entry : kFailpoints) {
    const bool fallible = entry.kind == FailpointKind::kFallible;
    if (!json) {
      text += fmt::format("{:<32}  {:<18}  {}\n", entry.name,
                          fallible ? "crash error sleep" : "crash sleep", entry.meaning);
      continue;
    }
    nlohmann::ordered_json object;
    object["name"] = entry.name;
    object["actions"] =
        fallible ? std::vector{"crash", "error", "sleep"} : std::vector{"crash", "sleep"};
    object["meaning"] = entry.meaning;
    text += object.dump() + "\n";
  }
  return text;
}

}  // namespace tributary
