// runtime/api/state_verb.h
// The options of `tributary state` and its verbs.
//
// Owner: run_command_line(). Thread: the main one.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/api/surroundings.h"

namespace CLI {
class App;
}

namespace tributary {

class StateVerb {
 public:
  // Adds itself to `app`, which must outlive it.
  explicit StateVerb(CLI::App& app);
  ~StateVerb();
  StateVerb(const StateVerb&) = delete;
  StateVerb& operator=(const StateVerb&) = delete;

  bool is_chosen() const;
  int go(const Surroundings& surroundings);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tributary
