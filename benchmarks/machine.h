// What this machine can do at best, by --threads CPU threads or on a GPU: the limits that rows are compared with.
#pragma once

#include <cstdint>
#include <string>

#include "core/shape.h"
#include "tools/machine/limits.h"

namespace attune::bench {

using tools::MachineLimits;

// The best of several tries. Memory's limit is what a kernel copies, read and written bytes together.
MachineLimits measure_gpu();

// The rows stream/read, stream/copy, fma/f32 and, where the machine has it, fma/bf16.
void add_cpu_rows();
void add_gpu_rows();

std::string cpu_name();
std::string gpu_name();
std::int64_t gpu_cache_bytes();  // of the second level, the last

// The sizes by which a GPU's kernels are judged, beside those of networks; far smaller where the host takes its place.
struct GpuSizes {
  Shape map;             // that a memory-bound op reads or writes: N, H, W, C
  std::int64_t patches;  // of each of N images, in patch_infonce
};
GpuSizes gpu_row_sizes();

}  // namespace attune::bench
