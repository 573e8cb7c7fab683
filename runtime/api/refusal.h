// runtime/api/refusal.h
// Everything that is wrong with a command, a configuration or a job, not only the first: people
// mend it in one go. An Error is a list of one, so that TRY passes it on.
//
// Values; refuse() writes to standard error.
#pragma once

#include <expected>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/api/surroundings.h"

namespace tributary {

struct ErrorList {
  std::vector<Error> errors;

  ErrorList(Error error) { errors.push_back(std::move(error)); }         // NOLINT: for TRY
  ErrorList(std::vector<Error> several) : errors(std::move(several)) {}  // NOLINT: for TRY
};

// T, or what is against it. An empty list: it was told already, by another process.
template <typename T>
using OrErrors = std::expected<T, ErrorList>;

// Tells each and gives kExitRefused.
int refuse(const ErrorList& errors, const Surroundings& surroundings);

}  // namespace tributary
