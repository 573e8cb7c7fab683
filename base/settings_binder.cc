#include "base/settings_binder.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/list.h"
#include "base/map.h"
#include "base/nearest_name.h"
#include "base/scalar_text.h"
#include "base/schema.h"

namespace tributary {
namespace {

// What people are told to write.
std::string expected(const TypeInfo& type) {
  switch (type.kind) {
    case TypeKind::kBool:
      return "true or false";
    case TypeKind::kEnum: {
      std::string names = "one of ";
      for (std::size_t i = 0; i < type.enumerators.size(); ++i) {
        if (i > 0) names += ", ";
        names += type.enumerators[i].name;
      }
      return names;
    }
    case TypeKind::kTimestamp:
      return "a time such as 2026-09-01T00:00:00Z";
    case TypeKind::kDuration:
      return "a length of time such as 200ms, 5s or 40d";
    case TypeKind::kAmount:
      return "a decimal number";
    case TypeKind::kCurrency:
      return "a currency such as USD";
    case TypeKind::kMoney:
      return "an amount with its currency such as 12.50 USD";
    case TypeKind::kText:
      return "a text";
    case TypeKind::kOptional:
      return expected(*type.element) + " or null";
    case TypeKind::kList:
      return "a list of: " + expected(*type.element);
    case TypeKind::kMap:
      return "names, each with " + expected(*type.element);
    case TypeKind::kRecord:
      return "a group of settings";
    default:
      return fmt::format("an integer ({})", kind_name(type.kind));
  }
}

class Binder {
 public:
  Binder(std::string document, Arena& arena) : document_(std::move(document)), arena_(arena) {}

  std::vector<Error> bind_all(const Settings& settings, const TypeInfo& type, void* out) {
    note(bind(settings, type, "", 0, out));
    return std::move(errors_);
  }

 private:
  // What holds other settings goes on behind one that is wrong.
  void note(Status bound) {
    if (!bound && errors_.size() < kSettingsErrorsMax) errors_.push_back(std::move(bound).error());
  }

  // `out` holds the default.
  Status bind(const Settings& settings, const TypeInfo& type, const std::string& path, int line,
              void* out) {
    if (settings.is_null()) return {};
    const int at = settings.line() > 0 ? settings.line() : line;
    switch (type.kind) {
      case TypeKind::kRecord:
        return bind_record(settings, type, path, at, out);
      case TypeKind::kOptional:
        return bind_optional(settings, type, path, at, out);
      case TypeKind::kList:
        return bind_list(settings, type, path, at, out);
      case TypeKind::kMap:
        return bind_map(settings, type, path, at, out);
      default:
        return bind_scalar(settings, type, path, at, out);
    }
  }

  std::string place(int line) const {
    if (line <= 0) return {};
    return document_.empty() ? fmt::format(" (line {})", line)
                             : fmt::format(" (line {} of {})", line, document_);
  }

  std::unexpected<Error> wrong(const Settings& settings, const TypeInfo& type,
                               std::string_view path, int line) const {
    return fail(ErrorCode::C102, "setting {}{}: expected {}, got {}",
                path.empty() ? "document" : path, place(line), expected(type), settings.shown());
  }

  Status bind_scalar(const Settings& settings, const TypeInfo& type, const std::string& path,
                     int line, void* out) {
    if (settings.kind() != Settings::Kind::kScalar) return wrong(settings, type, path, line);
    if (type.kind == TypeKind::kDuration) {
      const Result<Duration> read = parse_duration(settings.scalar());
      if (!read) return wrong(settings, type, path, line);
      std::memcpy(out, &*read, sizeof *read);
      return {};
    }
    if (!read_scalar_text(type, settings.scalar(), out, arena_))
      return wrong(settings, type, path, line);
    return {};
  }

  Status bind_record(const Settings& settings, const TypeInfo& type, const std::string& path,
                     int line, void* out) {
    if (settings.kind() != Settings::Kind::kMap) return wrong(settings, type, path, line);
    for (const Settings::Entry& entry : settings.entries()) {
      const auto field =
          std::ranges::find(type.fields, std::string_view(entry.key), &FieldInfo::name);
      const std::string full = path.empty() ? entry.key : path + "." + entry.key;
      if (field == type.fields.end()) {
        note(unknown(type, path, full, entry));
        continue;
      }
      note(bind(entry.value, *field->type, full, entry.line,
                static_cast<char*>(out) + field->offset));
    }
    return {};
  }

  std::unexpected<Error> unknown(const TypeInfo& type, const std::string& path,
                                 const std::string& full, const Settings::Entry& entry) const {
    std::vector<std::string_view> known;
    for (const FieldInfo& field : type.fields) known.push_back(field.name);
    std::string hint;
    if (const auto nearest = nearest_name(entry.key, known)) {
      hint = fmt::format("; did you mean {}{}{}?", path, path.empty() ? "" : ".", *nearest);
    } else {
      hint = "; known here:";
      for (const std::string_view name : known) hint += fmt::format(" {}", name);
    }
    return fail(ErrorCode::C101, "unknown setting {}{}{}", full, place(entry.line), hint);
  }

  Status bind_optional(const Settings& settings, const TypeInfo& type, const std::string& path,
                       int line, void* out) {
    char* value = static_cast<char*>(out) + type.element_offset;
    bool* flag = static_cast<bool*>(out) + kOptionalFlagOffset;
    if (!*flag) write_default(*type.element, value);
    TRY(bind(settings, *type.element, path, line, value));
    *flag = true;
    return {};
  }

  Status bind_list(const Settings& settings, const TypeInfo& type, const std::string& path,
                   int line, void* out) {
    const TypeInfo& element = *type.element;
    const bool is_one_text = settings.kind() == Settings::Kind::kScalar && has_scalar_text(element);
    if (settings.kind() != Settings::Kind::kList && !is_one_text)
      return wrong(settings, type, path, line);
    const std::vector<Settings> items = is_one_text ? items_of(settings) : settings.items();
    char* elements = arena_.allocate(items.size() * element.size, 16);
    RawList list{elements, 0};
    for (const Settings& item : items) {
      char* to = elements + std::size_t{list.size} * element.size;
      write_default(element, to);
      note(bind(item, element, fmt::format("{}[{}]", path, list.size), line, to));
      ++list.size;
    }
    std::memcpy(out, &list, sizeof list);
    return {};
  }

  // "acme" is one item, "[acme, initech]" two, "" and "[]" none. Whoever has commas in his items
  // writes them in the document, or one by one (--set tenants.0=…).
  static std::vector<Settings> items_of(const Settings& text) {
    const auto trimmed = [](std::string_view word) {
      const std::size_t first = word.find_first_not_of(' ');
      if (first == std::string_view::npos) return std::string_view();
      return word.substr(first, word.find_last_not_of(' ') + 1 - first);
    };
    std::string_view rest = trimmed(text.scalar());
    const bool is_bracketed = rest.size() >= 2 && rest.front() == '[' && rest.back() == ']';
    if (is_bracketed) rest = trimmed(rest.substr(1, rest.size() - 2));
    std::vector<Settings> items;
    while (!rest.empty()) {
      const std::size_t comma = is_bracketed ? rest.find(',') : std::string_view::npos;
      Settings item{std::string(trimmed(rest.substr(0, comma)))};
      items.push_back(text.is_secret() ? std::move(item).marked_secret() : std::move(item));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return items;
  }

  Status bind_map(const Settings& settings, const TypeInfo& type, const std::string& path, int line,
                  void* out) {
    if (settings.kind() != Settings::Kind::kMap) return wrong(settings, type, path, line);
    if (!has_scalar_text(*type.key)) {
      return fail(ErrorCode::C102,
                  "setting {}: a map whose keys are records cannot be read from settings", path);
    }
    char* entries = arena_.allocate(settings.entries().size() * type.entry_size, 16);
    std::size_t count = 0;
    for (const Settings::Entry& entry : settings.entries()) {
      char* to = entries + count * type.entry_size;
      write_default(*type.key, to);
      write_default(*type.element, to + type.element_offset);
      note(bind_scalar(Settings(entry.key), *type.key, path, entry.line, to));
      note(bind(entry.value, *type.element, path + "." + entry.key, entry.line,
                to + type.element_offset));
      ++count;
    }
    const RawList list = copy_sorted_entries(type, entries, count, arena_);
    std::memcpy(out, &list, sizeof list);
    return {};
  }

  static void write_default(const TypeInfo& type, void* out) {
    if (type.default_value != nullptr) {
      std::memcpy(out, type.default_value, type.size);
    } else {
      std::memset(out, 0, type.size);
    }
  }

  std::string document_;
  Arena& arena_;
  std::vector<Error> errors_;
};

void describe(const TypeInfo& type, const void* value, const std::string& path, std::string& out) {
  if (type.kind == TypeKind::kRecord) {
    for (const FieldInfo& field : type.fields) {
      describe(
          *field.type, value == nullptr ? nullptr : static_cast<const char*>(value) + field.offset,
          path.empty() ? std::string(field.name) : fmt::format("{}.{}", path, field.name), out);
    }
    return;
  }
  if (type.kind == TypeKind::kOptional && type.element->kind == TypeKind::kRecord) {
    out += fmt::format("{:<32} optional group\n", path);
    describe(*type.element, type.element->default_value, path, out);
    return;
  }
  std::string default_text;
  if (type.kind == TypeKind::kDuration && value != nullptr) {
    default_text = format_duration(*static_cast<const Duration*>(value));
  } else if (has_scalar_text(type) && value != nullptr) {
    append_scalar_text(type, value, default_text);
  }
  out += fmt::format("{:<32} {}", path, expected(type));
  if (!default_text.empty()) out += fmt::format("  [{}]", default_text);
  out += '\n';
}

}  // namespace

std::vector<Error> bind_settings(const Settings& settings, const TypeInfo& type, void* out,
                                 Arena& arena) {
  std::memcpy(out, type.default_value, type.size);
  return Binder(settings.document(), arena).bind_all(settings, type, out);
}

std::string describe_settings(const TypeInfo& type) {
  std::string text;
  describe(type, type.default_value, "", text);
  return text;
}

}  // namespace tributary
