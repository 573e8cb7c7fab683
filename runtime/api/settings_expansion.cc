#include "runtime/api/settings_expansion.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/excerpt.h"

namespace tributary {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_variable_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, is_word) && (name[0] < '0' || name[0] > '9');
}
// One name in the folder, nothing that leads out of it.
bool is_secret_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name[0] != '.' &&
         std::ranges::all_of(name, [](char c) { return is_word(c) || c == '-' || c == '.'; });
}

class Expansion {
 public:
  Expansion(const ExpansionSources& sources, std::string document, SecretValues& secrets)
      : sources_(sources), document_(std::move(document)), secrets_(secrets) {}

  Result<Settings> expand(const Settings& at, const std::string& path) const {
    switch (at.kind()) {
      case Settings::Kind::kNull:
        return at;
      case Settings::Kind::kScalar:
        return expand_scalar(at, path);
      case Settings::Kind::kList: {
        Settings expanded = Settings::list({}).at_line(at.line());
        for (std::size_t i = 0; i < at.items().size(); ++i)
          expanded.add_item(TRY(expand(at.items()[i], fmt::format("{}.{}", path, i))));
        return expanded;
      }
      case Settings::Kind::kMap: {
        Settings expanded = Settings::map().at_line(at.line());
        expanded.set_document(at.document());
        for (const Settings::Entry& entry : at.entries()) {
          Settings value =
              TRY(expand(entry.value, path.empty() ? entry.key : path + "." + entry.key));
          const bool added = expanded.add_entry(entry.key, entry.line, std::move(value));
          TRIBUTARY_CHECK(added, "settings hold the key {} twice", entry.key);
        }
        return expanded;
      }
    }
    return at;
  }

 private:
  Result<Settings> expand_scalar(const Settings& at, const std::string& path) const {
    bool has_secret = at.is_secret();
    Settings expanded(TRY(expand_text(at.scalar(), path, at.line(), has_secret)));
    expanded.at_line(at.line());
    if (has_secret) return std::move(expanded).marked_secret();
    return expanded;
  }

  std::string place(const std::string& path, int line) const {
    if (line <= 0) return fmt::format("setting {}", path);
    return fmt::format("setting {} (line {} of {})", path, line, document_);
  }

  Result<std::string> expand_text(std::string_view text, const std::string& path, int line,
                                  bool& has_secret) const {
    std::string expanded;
    for (;;) {
      const std::size_t dollar = text.find("${");
      if (dollar == std::string_view::npos) break;
      if (dollar > 0 && text[dollar - 1] == '$') {
        expanded.append(text.substr(0, dollar - 1)).append("${");
        text.remove_prefix(dollar + 2);
        continue;
      }
      expanded.append(text.substr(0, dollar));
      text.remove_prefix(dollar);
      const std::size_t end = text.find('}');
      if (end == std::string_view::npos)
        return fail(ErrorCode::C104, "{}: {} is not closed by a brace", place(path, line),
                    excerpt(text));
      expanded += TRY(value_of(text.substr(2, end - 2), path, line, has_secret));
      text.remove_prefix(end + 1);
    }
    expanded.append(text);
    return expanded;
  }

  Result<std::string> value_of(std::string_view reference, const std::string& path, int line,
                               bool& has_secret) const {
    if (reference.starts_with("env:"))
      return variable(std::string(reference.substr(4)), path, line);
    if (reference.starts_with("secret:")) {
      has_secret = true;
      return secret(std::string(reference.substr(7)), path, line);
    }
    return fail(
        ErrorCode::C104,
        "{}: ${{{}}} is neither ${{env:NAME}} nor ${{secret:name}}; \"$${{\" stands for \"${{\"",
        place(path, line), std::string(reference.substr(0, 64)));
  }

  Result<std::string> variable(const std::string& name, const std::string& path, int line) const {
    if (!is_variable_name(name))
      return fail(ErrorCode::C104, "{}: {} is no name of a variable", place(path, line),
                  excerpt(name));
    const std::optional<std::string> value =
        sources_.environment ? sources_.environment(name) : std::nullopt;
    if (!value) return fail(ErrorCode::C104, "{}: variable {} is not set", place(path, line), name);
    return *value;
  }

  Result<std::string> secret(const std::string& name, const std::string& path, int line) const {
    if (!is_secret_name(name))
      return fail(ErrorCode::C104, "{}: {} is no name of a secret", place(path, line),
                  excerpt(name));
    const std::string file = sources_.secrets_directory + "/" + name;
    Result<std::string> value = sources_.files->read_whole_file(file, kSecretBytesMax);
    if (!value) {
      const Result<bool> there = sources_.files->exists(file);
      if (there && !*there)
        return fail(ErrorCode::C104, "{}: secret {}: {} does not exist", place(path, line), name,
                    file);
      return fail(ErrorCode::C104, "{}: secret {}: {} is not readable by uid {} ({})",
                  place(path, line), name, file, sources_.user_id, value.error().what());
    }
    if (value->ends_with('\n')) value->pop_back();
    secrets_.add(*value);
    return value;
  }

  const ExpansionSources& sources_;
  const std::string document_;
  SecretValues& secrets_;
};

}  // namespace

Result<Settings> expand_settings(const Settings& settings, const ExpansionSources& sources,
                                 SecretValues& secrets) {
  return Expansion(sources, settings.document(), secrets).expand(settings, "");
}

}  // namespace tributary
