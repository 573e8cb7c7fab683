// A job's settings as a tree of texts, lists and maps in the order of the document, each with its
// line: what a YAML file,
// --set and a test's literal have in common. No YAML here: whoever parses a document builds the
// tree.
//
// Thread: a value. Invariant: keys of one map are unique.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/timestamp.h"

namespace tributary {

class Settings {
 public:
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
  struct Entry;

  Settings();  // null
  // Settings{{"lateness", "40d"}, {"charges.path", "in"}}: dots make nested maps.
  Settings(std::initializer_list<Entry> entries);
  Settings(const char* scalar);   // NOLINT: implicit by design
  Settings(std::string scalar);   // NOLINT: implicit by design
  Settings(bool scalar);          // NOLINT: implicit by design
  Settings(std::int64_t scalar);  // NOLINT: implicit by design
  Settings(int scalar);           // NOLINT: implicit by design
  // In the .cc: an Entry, which they copy, move and destroy, holds Settings itself.
  Settings(const Settings&);
  Settings(Settings&&) noexcept;
  Settings& operator=(const Settings&);
  Settings& operator=(Settings&&) noexcept;
  ~Settings();

  static Settings list(std::vector<Settings> items);
  static Settings map();

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  const std::string& scalar() const { return scalar_; }
  // What a ${secret:...} went into: no message may quote it, see shown().
  bool is_secret() const { return is_secret_; }
  Settings&& marked_secret() && {
    is_secret_ = true;
    return std::move(*this);
  }
  // How a message names the value: a scalar in quotes and cut, "a list", "a group of settings".
  std::string shown() const;
  const std::vector<Settings>& items() const { return items_; }
  const std::vector<Entry>& entries() const { return entries_; }

  // Where it stands: 1-based, 0 = not in a document (given by --set, or in a test).
  int line() const { return line_; }
  Settings& at_line(int line) & {
    line_ = line;
    return *this;
  }
  Settings&& at_line(int line) && {
    line_ = line;
    return std::move(*this);
  }
  // The file's name, at the root: "prod.yaml".
  const std::string& document() const { return document_; }
  void set_document(std::string document) { document_ = std::move(document); }

  // Appends to a list, or to a map (whose key must be new; false if it is not). A null becomes one.
  void add_item(Settings item);
  [[nodiscard]] bool add_entry(std::string key, int key_line, Settings value);
  // Replaces or adds the value at "a.b.c", making maps on the way (--set a.b.c=value). C102 if a
  // part of the path is a text or a list, or empty.
  Status set(std::string_view path, Settings value);

  // The value at "a.b.c"; null pointer when absent.
  const Settings* find(std::string_view path) const;
  // For jobs without a settings record. `otherwise` when absent or null; C102 when it is something
  // else.
  Result<std::string> text(std::string_view path, std::string_view otherwise = {}) const;
  Result<std::int64_t> integer(std::string_view path, std::int64_t otherwise = 0) const;
  Result<bool> boolean(std::string_view path, bool otherwise = false) const;
  Result<Duration> duration(std::string_view path, Duration otherwise = {}) const;

  friend bool operator==(const Settings& a, const Settings& b);

 private:
  const Entry* find_entry(std::string_view key) const;

  Kind kind_ = Kind::kNull;
  bool is_secret_ = false;
  int line_ = 0;
  std::string scalar_;
  std::string document_;
  std::vector<Settings> items_;
  std::vector<Entry> entries_;
};

struct Settings::Entry {
  std::string key;
  Settings value;
  int line = 0;  // of the key
};

}  // namespace tributary
