// The clocks of a GPU, as NVIDIA's management library tells them.
#pragma once

#include <optional>
#include <string>

namespace attune::bench {

struct GpuClocks {
  unsigned multiprocessor_mhz = 0, memory_mhz = 0;
  std::string throttle_reasons;  // "power cap, thermal slowdown", or "no"
};

// Nothing where libnvidia-ml is not there or does not tell.
std::optional<GpuClocks> read_clocks(int device_index);

// Of the library's bits.
std::string throttle_reasons_text(unsigned long long reasons);

}  // namespace attune::bench
