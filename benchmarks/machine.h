// What this machine can do at best, by --threads CPU threads or on a GPU: the limits that rows are compared with.
#pragma once

#include <string>

#include "core/cost.h"
#include "core/dtype.h"

namespace attune::bench {

struct MachineLimits {
  double bytes_per_second = 0;  // of arrays that no cache holds
  double f32_flops_per_second = 0;
  double bf16_flops_per_second = 0;  // by dot-product instructions; f32's where there are none

  // The least time for this work, in seconds.
  double seconds(const Cost& cost, DType arithmetic) const;
};

// The best of several tries. Memory's limit on the CPU is the faster of reading and copying; on a GPU it is what a kernel
// copies, read and written bytes together.
MachineLimits measure_cpu();
MachineLimits measure_gpu();

// The rows stream/read, stream/copy, fma/f32 and, where the machine has it, fma/bf16.
void add_cpu_rows();
void add_gpu_rows();

std::string gpu_name();

}  // namespace attune::bench
