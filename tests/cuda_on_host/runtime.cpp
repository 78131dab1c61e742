// Device properties, settings, errors, and the checks of a launch's configuration.
#include "runtime.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "stream.h"

namespace cuda_on_host {

namespace {

constexpr std::size_t max_shared_bytes = 48 << 10, max_shared_bytes_optin = 227 << 10;

struct State {
  std::recursive_mutex lock;
  std::uint64_t seed = 1;
  int multiprocessors = default_multiprocessors;
  std::string fault, fault_text;  // not taken by take_fault yet; as cudaGetErrorString tells it
  bool pending = false;           // no synchronizing call has returned it yet
  bool noticed = true;
  cudaError_t last_error = cudaSuccess;
  std::map<KernelAddress, std::size_t> max_dynamic_shared;
  Counters counters;

  ~State() {
    if (noticed) return;
    std::fprintf(stderr, "cuda_on_host: a fault went unnoticed: %s\n", fault.c_str());
    std::_Exit(1);
  }
};

State& state() {
  static State instance;
  return instance;
}

bool valid_configuration(const cudaLaunchConfig_t& config, std::size_t max_dynamic_shared) {
  const dim3 &grid = config.gridDim, &block = config.blockDim;
  const bool grid_fits =
      grid.x > 0 && grid.x <= 0x7fffffffu && grid.y > 0 && grid.y <= 65535 && grid.z > 0 && grid.z <= 65535;
  const bool block_fits = block.x > 0 && block.y > 0 && block.z > 0 && block.x <= 1024 && block.y <= 1024 &&
                          block.z <= 64 && block.x * block.y * block.z <= 1024;
  return grid_fits && block_fits && config.dynamicSmemBytes <= max_dynamic_shared;
}

}  // namespace

std::recursive_mutex& runtime_lock() { return state().lock; }
std::uint64_t schedule_seed() { return state().seed; }
Counters& counters_now() { return state().counters; }

Counters counters() {
  const std::lock_guard lock(runtime_lock());
  return state().counters;
}

void reset_counters() {
  const std::lock_guard lock(runtime_lock());
  state().counters = {};
}

void report_fault(const std::string& report) {
  State& s = state();
  if (!s.fault.empty()) return;
  s.fault = s.fault_text = report;
  s.pending = true;
  s.noticed = false;
}

bool fault_pending() { return state().pending; }

cudaError_t set_last_error(cudaError_t error) {
  state().last_error = error;
  return error;
}

cudaError_t take_error() {
  State& s = state();
  if (!s.pending) return cudaSuccess;
  s.pending = false;
  s.noticed = true;
  s.fault.clear();
  return set_last_error(cudaErrorLaunchFailure);
}

void set_schedule_seed(std::uint64_t seed) {
  const std::lock_guard lock(runtime_lock());
  state().seed = seed;
}

void set_multiprocessors(int count) {
  const std::lock_guard lock(runtime_lock());
  state().multiprocessors = count;
}

std::string take_fault() {
  const std::lock_guard lock(runtime_lock());
  State& s = state();
  s.pending = false;
  s.noticed = true;
  s.last_error = cudaSuccess;
  return std::exchange(s.fault, {});
}

cudaError_t launch(const cudaLaunchConfig_t& config, KernelAddress kernel, Arguments arguments) {
  const std::lock_guard lock(runtime_lock());
  const auto raised = state().max_dynamic_shared.find(kernel);
  const bool is_raised = raised != state().max_dynamic_shared.end();
  if (!valid_configuration(config, is_raised ? raised->second : max_shared_bytes))
    return set_last_error(cudaErrorInvalidConfiguration);
  ++state().counters.launches[Symbols::of_executable().kernel_at(reinterpret_cast<std::uintptr_t>(kernel))];
  return enqueue(config.stream,
                 {kernel, std::move(arguments), config.gridDim, config.blockDim, config.dynamicSmemBytes});
}

cudaError_t set_max_dynamic_shared(KernelAddress kernel, int bytes) {
  const std::lock_guard lock(runtime_lock());
  if (bytes < 0 || static_cast<std::size_t>(bytes) > max_shared_bytes_optin)
    return set_last_error(cudaErrorInvalidValue);
  state().max_dynamic_shared[kernel] = static_cast<std::size_t>(bytes);
  return cudaSuccess;
}

}  // namespace cuda_on_host

using namespace cuda_on_host;

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  return device == 0 ? cudaSuccess : set_last_error(cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return set_last_error(cudaErrorInvalidDevice);
  *properties = {"CUDA on the host",
                 std::size_t{2} << 30,
                 max_shared_bytes,
                 max_shared_bytes_optin,
                 9,
                 0,
                 state().multiprocessors,
                 1024,
                 warpSize};
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (device != 0) return set_last_error(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = state().multiprocessors;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = max_shared_bytes_optin;
      return cudaSuccess;
  }
  return set_last_error(cudaErrorInvalidValue);
}

cudaError_t cudaGetLastError() { return std::exchange(state().last_error, cudaSuccess); }

cudaError_t cudaPeekAtLastError() { return state().last_error; }

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorNotReady:
      return "cudaErrorNotReady";
    case cudaErrorIllegalState:
      return "cudaErrorIllegalState";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorStreamCaptureUnmatched:
      return "cudaErrorStreamCaptureUnmatched";
    case cudaErrorStreamCaptureUnjoined:
      return "cudaErrorStreamCaptureUnjoined";
    case cudaErrorStreamCaptureIsolation:
      return "cudaErrorStreamCaptureIsolation";
    case cudaErrorStreamCaptureImplicit:
      return "cudaErrorStreamCaptureImplicit";
    case cudaErrorCapturedEvent:
      return "cudaErrorCapturedEvent";
  }
  return "?";
}

const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaErrorLaunchFailure ? state().fault_text.c_str() : cudaGetErrorName(error);
}
