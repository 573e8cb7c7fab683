// A job as another engine would have built it.
#include "runtime/exec/job_descriptor.h"

extern "C" __attribute__((visibility("default"))) const tributary::JobDescriptor*
tributary_job_descriptor() {
  static const tributary::JobDescriptor descriptor{.abi = "0.0-gcc4-libstdc++0",
                                                   .name = "e2e-other-abi"};
  return &descriptor;
}
