// jobs/cost_attribution/tools/usage.cc
#include "jobs/cost_attribution/tools/usage.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "base/excerpt.h"
#include "base/nearest_name.h"

namespace tributary::cost {

namespace {

std::string help_of(const CLI::App& app) {
  std::string path = app.get_name();
  for (const CLI::App* parent = app.get_parent(); parent != nullptr; parent = parent->get_parent())
    path = fmt::format("{} {}", parent->get_name(), path);
  return fmt::format("{} --help", path);
}

bool is_verb(const CLI::App* app) { return !app->get_name().empty(); }

// Those that --help lists.
std::vector<std::string> shown_verbs(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands(is_verb)) {
    if (!verb->get_group().empty()) names.push_back(verb->get_name());
  }
  return names;
}

const CLI::App* find_verb(const CLI::App& app, const std::string& name) {
  const auto verbs = app.get_subcommands(is_verb);
  const auto found =
      std::ranges::find_if(verbs, [&](const CLI::App* verb) { return verb->get_name() == name; });
  return found == verbs.end() ? nullptr : *found;
}

// "; did you mean report?", or nothing.
std::string hint(std::string_view wrong, const std::vector<std::string>& names) {
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto nearest = nearest_name(wrong, known);
  return nearest ? fmt::format("; did you mean {}?", *nearest) : std::string();
}

// The first option that the verb does not have.
std::optional<std::string> unknown_option(const CLI::App& verb,
                                          const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name.starts_with("--") && std::ranges::find(names, name) == names.end())
      return fmt::format("unknown option {}{}", excerpt(name), hint(name, names));
  }
  return std::nullopt;
}

// The innermost verb that was parsed; `program` if there is none.
const CLI::App& chosen_verb(const CLI::App& program) {
  const CLI::App* app = &program;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

}  // namespace

std::optional<Error> unknown_verb(const CLI::App& program,
                                  const std::vector<std::string>& arguments) {
  const CLI::App* app = &program;
  for (std::size_t i = 0; !app->get_subcommands(is_verb).empty(); ++i) {
    const std::vector<std::string> names = shown_verbs(*app);
    const std::string of = app == &program ? "" : " of " + app->get_name();
    if (i == arguments.size()) {
      return Error(ErrorCode::C105,
                   fmt::format("which verb{}? There are {}", of, fmt::join(names, ", ")),
                   help_of(*app));
    }
    if (arguments[i].starts_with('-')) return std::nullopt;
    const CLI::App* verb = find_verb(*app, arguments[i]);
    if (verb == nullptr) {
      return Error(
          ErrorCode::C105,
          fmt::format("unknown verb {}{}{}", excerpt(arguments[i]), of, hint(arguments[i], names)),
          help_of(*app));
    }
    app = verb;
  }
  return std::nullopt;
}

Error usage_error(const CLI::App& program, const std::vector<std::string>& arguments,
                  std::string_view what) {
  const CLI::App& verb = chosen_verb(program);
  // The parser would first ask for what is missing.
  auto unknown = unknown_option(verb, arguments);
  return Error(ErrorCode::C105, unknown ? std::move(*unknown) : std::string(what), help_of(verb));
}

CLI::Validator whole_number() {
  const auto check = [](const std::string& text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [at, fault] = std::from_chars(text.data(), end, number);
    if (fault == std::errc() && at == end) return std::string();
    return fmt::format("{} is no whole number of 0 to {}", excerpt(text), UINT64_MAX);
  };
  return CLI::Validator(check, "");
}

}  // namespace tributary::cost
