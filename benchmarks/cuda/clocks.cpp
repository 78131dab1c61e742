#include "benchmarks/cuda/clocks.h"

#include <cuda_runtime.h>
#include <dlfcn.h>

#include <array>
#include <utility>

namespace attune::bench {

namespace {

// The part of nvml.h that is used here; its functions return 0 on success.
using NvmlDevice = void*;
constexpr int nvml_multiprocessor_clock = 1, nvml_memory_clock = 2;

// Opened once and kept until the process ends.
class Nvml {
 public:
  Nvml() : library_(dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {
    if (!library_) return;
    const auto init = find<int (*)()>("nvmlInit_v2");
    find_device_ = find<decltype(find_device_)>("nvmlDeviceGetHandleByPciBusId_v2");
    clock_ = find<decltype(clock_)>("nvmlDeviceGetClockInfo");
    reasons_ = find<decltype(reasons_)>("nvmlDeviceGetCurrentClocksEventReasons");
    if (!reasons_)  // its name before 2023
      reasons_ = find<decltype(reasons_)>("nvmlDeviceGetCurrentClocksThrottleReasons");
    usable_ = init && find_device_ && clock_ && reasons_ && init() == 0;
  }

  // CUDA's device numbers depend on its environment, the bus address does not.
  std::optional<GpuClocks> read(const char* bus_address) const {
    NvmlDevice device = nullptr;
    GpuClocks clocks;
    unsigned long long reasons = 0;
    if (!usable_ || find_device_(bus_address, &device) != 0 ||
        clock_(device, nvml_multiprocessor_clock, &clocks.multiprocessor_mhz) != 0 ||
        clock_(device, nvml_memory_clock, &clocks.memory_mhz) != 0 || reasons_(device, &reasons) != 0)
      return std::nullopt;
    clocks.throttle_reasons = throttle_reasons_text(reasons);
    return clocks;
  }

 private:
  template <class Function>
  Function find(const char* name) const {
    return reinterpret_cast<Function>(dlsym(library_, name));
  }

  void* library_;
  bool usable_ = false;
  int (*find_device_)(const char*, NvmlDevice*) = nullptr;
  int (*clock_)(NvmlDevice, int, unsigned*) = nullptr;
  int (*reasons_)(NvmlDevice, unsigned long long*) = nullptr;
};

}  // namespace

// An idle GPU, clocks that an application has set and the pace of a display are no throttling.
std::string throttle_reasons_text(unsigned long long reasons) {
  constexpr std::array<std::pair<unsigned long long, const char*>, 6> names = {
      {{0x4, "power cap"},
       {0x8, "hardware slowdown"},
       {0x10, "sync boost"},
       {0x20, "software thermal slowdown"},
       {0x40, "hardware thermal slowdown"},
       {0x80, "power brake"}}};
  std::string text;
  for (const auto& [bit, name] : names)
    if (reasons & bit) text += (text.empty() ? "" : ", ") + std::string(name);
  return text.empty() ? "no" : text;
}

std::optional<GpuClocks> read_clocks(int device_index) {
  static const Nvml nvml;
  std::array<char, 32> bus_address = {};
  if (cudaDeviceGetPCIBusId(bus_address.data(), static_cast<int>(bus_address.size()), device_index) !=
      cudaSuccess)
    return std::nullopt;
  return nvml.read(bus_address.data());
}

}  // namespace attune::bench
