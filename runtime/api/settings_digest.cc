#include "runtime/api/settings_digest.h"

#include <algorithm>
#include <string>
#include <vector>

namespace tributary {
namespace {

void append_text(const std::string& text, std::string& out) {
  out += std::to_string(text.size()) + ":" + text;
}

// Each value is a letter, a count where it has parts, and its parts: no two trees have the same
// bytes.
void append(const Settings& settings, std::string& out) {
  switch (settings.kind()) {
    case Settings::Kind::kNull:
      out += 'n';
      return;
    case Settings::Kind::kScalar:
      out += 's';
      append_text(settings.scalar(), out);
      return;
    case Settings::Kind::kList:
      out += 'l' + std::to_string(settings.items().size()) + ":";
      for (const Settings& item : settings.items()) append(item, out);
      return;
    case Settings::Kind::kMap: {
      std::vector<const Settings::Entry*> entries;
      for (const Settings::Entry& entry : settings.entries()) entries.push_back(&entry);
      std::ranges::sort(entries, {}, [](const Settings::Entry* entry) -> const std::string& {
        return entry->key;
      });
      out += 'm' + std::to_string(entries.size()) + ":";
      for (const Settings::Entry* entry : entries) {
        append_text(entry->key, out);
        append(entry->value, out);
      }
      return;
    }
  }
}

}  // namespace

Hash128 settings_digest(const Settings& unexpanded) {
  std::string bytes;
  append(unexpanded, bytes);
  return xxh3_128(bytes);
}

}  // namespace tributary
