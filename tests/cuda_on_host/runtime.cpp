// Device properties, settings, errors, and the checks of a launch's configuration.
#include "runtime.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "stream.h"

namespace cuda_on_host {

namespace {

constexpr int l2_cache_bytes = 64 << 10;  // little, for host code that overwrites it
// An H100's.
constexpr int max_threads = 1024, max_threads_per_multiprocessor = 2048, max_blocks_per_multiprocessor = 32;
constexpr std::size_t max_shared_bytes = 48 << 10, max_shared_bytes_optin = 227 << 10,
                      shared_bytes_per_multiprocessor = 228 << 10, reserved_shared_bytes_per_block = 1 << 10;

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
  const bool block_fits = block.x > 0 && block.y > 0 && block.z > 0 && block.x <= max_threads &&
                          block.y <= max_threads && block.z <= 64 &&
                          block.x * block.y * block.z <= max_threads;
  return grid_fits && block_fits && config.dynamicSmemBytes <= max_dynamic_shared;
}

std::size_t max_dynamic_shared(KernelAddress kernel) {
  const auto raised = state().max_dynamic_shared.find(kernel);
  return raised == state().max_dynamic_shared.end() ? max_shared_bytes : raised->second;
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
  if (!valid_configuration(config, max_dynamic_shared(kernel)))
    return set_last_error(cudaErrorInvalidConfiguration);
  const auto address = reinterpret_cast<std::uintptr_t>(kernel);
  const Symbols& symbols = Symbols::of_executable();
  ++state().counters.launches[symbols.op_at(address) + ": " + symbols.kernel_at(address)];
  return enqueue(config.stream,
                 {kernel, std::move(arguments), config.gridDim, config.blockDim, config.dynamicSmemBytes});
}

cudaError_t set_attribute(KernelAddress kernel, cudaFuncAttribute attribute, int value) {
  const std::lock_guard lock(runtime_lock());
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;  // a hint
  if (value < 0 || static_cast<std::size_t>(value) > max_shared_bytes_optin)
    return set_last_error(cudaErrorInvalidValue);
  state().max_dynamic_shared[kernel] = static_cast<std::size_t>(value);
  return cudaSuccess;
}

cudaError_t max_active_blocks(int* blocks, KernelAddress kernel, int threads,
                              std::size_t dynamic_shared_bytes) {
  const std::lock_guard lock(runtime_lock());
  if (threads <= 0) return set_last_error(cudaErrorInvalidValue);
  const bool fits = threads <= max_threads && dynamic_shared_bytes <= max_dynamic_shared(kernel);
  const int whole_warps = (threads + warpSize - 1) / warpSize * warpSize;
  const auto by_shared = static_cast<int>(shared_bytes_per_multiprocessor /
                                          (dynamic_shared_bytes + reserved_shared_bytes_per_block));
  *blocks =
      fits
          ? std::min({max_blocks_per_multiprocessor, max_threads_per_multiprocessor / whole_warps, by_shared})
          : 0;
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
  *properties = {
      "CUDA on the host",      std::size_t{2} << 30, max_shared_bytes, max_shared_bytes_optin, 9, 0,
      state().multiprocessors, max_threads,          warpSize};
  return cudaSuccess;
}

// Where no GPU is.
cudaError_t cudaDeviceGetPCIBusId(char* address, int length, int device) {
  if (device != 0) return set_last_error(cudaErrorInvalidDevice);
  const std::string host = "0000:00:00.0";
  if (static_cast<std::size_t>(length) <= host.size()) return set_last_error(cudaErrorInvalidValue);
  std::memcpy(address, host.c_str(), host.size() + 1);
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  const std::map<cudaDeviceAttr, int> values = {
      {cudaDevAttrMultiProcessorCount, state().multiprocessors},
      {cudaDevAttrMaxThreadsPerBlock, max_threads},
      {cudaDevAttrMaxThreadsPerMultiProcessor, max_threads_per_multiprocessor},
      {cudaDevAttrMaxBlocksPerMultiprocessor, max_blocks_per_multiprocessor},
      {cudaDevAttrMaxSharedMemoryPerBlock, max_shared_bytes},
      {cudaDevAttrMaxSharedMemoryPerBlockOptin, max_shared_bytes_optin},
      {cudaDevAttrMaxSharedMemoryPerMultiprocessor, shared_bytes_per_multiprocessor},
      {cudaDevAttrWarpSize, warpSize},
      {cudaDevAttrL2CacheSize, l2_cache_bytes},
      {cudaDevAttrComputeCapabilityMajor, 9},
      {cudaDevAttrComputeCapabilityMinor, 0}};
  if (device != 0) return set_last_error(cudaErrorInvalidDevice);
  const auto found = values.find(attribute);
  if (found == values.end()) return set_last_error(cudaErrorInvalidValue);
  *value = found->second;
  return cudaSuccess;
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
    case cudaErrorGraphExecUpdateFailure:
      return "cudaErrorGraphExecUpdateFailure";
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
