// runtime/api/output_aside.h
// While an author's function runs: what it prints to the standard output goes to the standard
// error, so that it does not stand in a graph or between a run's JSON lines.
//
// Thread: the main one, before others write.
#pragma once

#include "runtime/api/surroundings.h"

namespace tributary {

class OutputAside {
 public:
  explicit OutputAside(const Surroundings& surroundings);
  ~OutputAside();
  OutputAside(const OutputAside&) = delete;
  OutputAside& operator=(const OutputAside&) = delete;

  // The standard output itself.
  int output() const { return kept_; }

 private:
  int out_;
  int kept_;
};

}  // namespace tributary
