#include "runtime/api/output_aside.h"

#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace tributary {

OutputAside::OutputAside(const Surroundings& surroundings)
    : out_(surroundings.out), kept_(::dup(surroundings.out)) {
  ::dup2(surroundings.err, out_);
}

OutputAside::~OutputAside() {
  // What was printed may still lie in a buffer of C or C++.
  std::cout.flush();
  std::fflush(stdout);
  ::dup2(kept_, out_);
  ::close(kept_);
}

}  // namespace tributary
