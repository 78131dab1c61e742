// What this machine can do at best with a number of threads: the limits that rows are compared with.
#pragma once

#include "core/cost.h"
#include "core/dtype.h"

namespace attune::bench {

struct MachineLimits {
  double read_bytes_per_second = 0;  // summing an array of 4 times the last-level cache
  double copy_bytes_per_second = 0;  // read and written bytes, with stores that bypass the cache
  double f32_flops_per_second = 0;
  double bf16_flops_per_second = 0;  // by dot-product instructions; f32's where there are none

  // The least time for this work, in seconds.
  double seconds(const Cost& cost, DType arithmetic) const;
};

// Measured once, the best of several tries, at the first call.
const MachineLimits& machine_limits();

// The rows stream/read, stream/copy, fma/f32 and, where the machine has it, fma/bf16.
void add_machine_rows();

}  // namespace attune::bench
