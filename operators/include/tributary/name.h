// The name that an author gives to a source, an operator or a sink, with the place where it was
// given. State is found again by it, so it is unique in the job.
#pragma once

#include <source_location>
#include <string>
#include <string_view>

namespace tributary {

struct Name {
  std::string text;
  std::source_location place;

  Name(const char* name,
       std::source_location at = std::source_location::current())  // NOLINT: implicit by design
      : text(name), place(at) {}
  Name(std::string name,
       std::source_location at = std::source_location::current())  // NOLINT: implicit by design
      : text(std::move(name)), place(at) {}
  Name(std::string_view name,
       std::source_location at = std::source_location::current())  // NOLINT: implicit by design
      : text(name), place(at) {}
};

}  // namespace tributary
