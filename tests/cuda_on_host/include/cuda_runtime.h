// The CUDA runtime on the host: the names of <cuda_runtime.h> that attune uses, for the host compiler (see README.md).
// Kernels run when their stream is synchronized, a block at a time, its threads as fibers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __constant__ const
#define __grid_constant__
// Thread-local without threads: at block scope this is static storage, after `extern` it is a declaration, and the
// linker lists all such objects with their sizes in one segment.
#define __shared__ thread_local

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}  // NOLINT
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

enum cudaError_t {
  cudaSuccess,
  cudaErrorInvalidValue,
  cudaErrorMemoryAllocation,
  cudaErrorInvalidConfiguration,
  cudaErrorInvalidDevice,
  cudaErrorInvalidResourceHandle,
  cudaErrorLaunchFailure,
  cudaErrorNotReady,
  cudaErrorIllegalState,
  cudaErrorStreamCaptureUnsupported,
  cudaErrorStreamCaptureInvalidated,
  cudaErrorGraphExecUpdateFailure,
  cudaErrorStreamCaptureUnmatched,
  cudaErrorStreamCaptureUnjoined,
  cudaErrorStreamCaptureIsolation,
  cudaErrorStreamCaptureImplicit,
  cudaErrorCapturedEvent
};
enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal,
  cudaStreamCaptureModeThreadLocal,
  cudaStreamCaptureModeRelaxed
};
enum cudaStreamCaptureStatus {
  cudaStreamCaptureStatusNone,
  cudaStreamCaptureStatusActive,
  cudaStreamCaptureStatusInvalidated
};
enum cudaDeviceAttr {
  cudaDevAttrMultiProcessorCount,
  cudaDevAttrMaxThreadsPerBlock,
  cudaDevAttrMaxThreadsPerMultiProcessor,
  cudaDevAttrMaxBlocksPerMultiprocessor,
  cudaDevAttrMaxSharedMemoryPerBlock,
  cudaDevAttrMaxSharedMemoryPerBlockOptin,
  cudaDevAttrMaxSharedMemoryPerMultiprocessor,
  cudaDevAttrWarpSize,
  cudaDevAttrL2CacheSize,
  cudaDevAttrComputeCapabilityMajor,
  cudaDevAttrComputeCapabilityMinor
};
enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize,
  cudaFuncAttributePreferredSharedMemoryCarveout
};
inline constexpr unsigned cudaStreamDefault = 0, cudaStreamNonBlocking = 1;
inline constexpr unsigned cudaHostAllocDefault = 0, cudaHostAllocPortable = 1, cudaHostAllocMapped = 2,
                          cudaHostAllocWriteCombined = 4;
inline constexpr unsigned cudaEventDefault = 0, cudaEventDisableTiming = 2;

using cudaStream_t = struct cuda_on_host_stream*;
using cudaEvent_t = struct cuda_on_host_event*;
using cudaGraph_t = struct cuda_on_host_graph*;
using cudaGraphExec_t = struct cuda_on_host_graph_exec*;

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerBlockOptin;
  int major, minor, multiProcessorCount, maxThreadsPerBlock, warpSize;
};
struct cudaLaunchAttribute {
  int id;
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes;
  cudaStream_t stream;
  cudaLaunchAttribute* attrs;
  unsigned numAttrs;
};

cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaSetDevice(int device);

enum cudaMemoryType {
  cudaMemoryTypeUnregistered = 0,
  cudaMemoryTypeHost = 1,
  cudaMemoryTypeDevice = 2,
  cudaMemoryTypeManaged = 3
};
struct cudaPointerAttributes {
  cudaMemoryType type;
  int device;
};
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* data);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceGetPCIBusId(char* address, int length, int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
const char* cudaGetErrorName(cudaError_t error);
// Of cudaErrorLaunchFailure: the report of the fault that was found.
const char* cudaGetErrorString(cudaError_t error);

cudaError_t cudaMalloc(void** data, std::size_t bytes);
template <class T>
cudaError_t cudaMalloc(T** data, std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  *data = static_cast<T*>(memory);
  return error;
}
cudaError_t cudaFree(void* data);
cudaError_t cudaHostAlloc(void** data, std::size_t bytes, unsigned flags);
template <class T>
cudaError_t cudaHostAlloc(T** data, std::size_t bytes, unsigned flags) {
  void* memory = nullptr;
  const cudaError_t error = cudaHostAlloc(&memory, bytes, flags);
  *data = static_cast<T*>(memory);
  return error;
}
cudaError_t cudaMallocHost(void** data, std::size_t bytes);
template <class T>
cudaError_t cudaMallocHost(T** data, std::size_t bytes) {
  return cudaHostAlloc(data, bytes, cudaHostAllocDefault);
}
cudaError_t cudaFreeHost(void* data);
cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes);
cudaError_t cudaMemcpy(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream = nullptr);
cudaError_t cudaMemset(void* data, int value, std::size_t bytes);
cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream = nullptr);

cudaError_t cudaStreamCreate(cudaStream_t* stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaEventCreate(cudaEvent_t* event);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop);

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags = 0);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);
struct cudaGraphExecUpdateResultInfo {};
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo* difference);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);

namespace cuda_on_host {

struct Registers {
  uint3 thread_index, block_index;
  dim3 block_size, grid_size;
};
extern Registers registers;

using KernelAddress = void (*)();
// A launch keeps its own copy of the arguments; `call` unpacks them in each thread.
struct Arguments {
  std::shared_ptr<const void> values;
  std::size_t bytes;
  void (*call)(KernelAddress kernel, const void* values);
};
cudaError_t launch(const cudaLaunchConfig_t& config, KernelAddress kernel, Arguments arguments);
cudaError_t set_attribute(KernelAddress kernel, cudaFuncAttribute attribute, int value);
cudaError_t max_active_blocks(int* blocks, KernelAddress kernel, int threads,
                              std::size_t dynamic_shared_bytes);

void block_barrier(const char* file, int line);

enum class Collective { syncwarp, shuffle, ballot };
// Waits until the lanes of `mask` have arrived; gives the value of `source_lane` (shuffle) or all lanes' bits (ballot).
std::uint64_t meet(Collective kind, unsigned mask, std::uint64_t value, int source_lane, const char* file,
                   int line);
int lane();

enum class Atomic { add, minimum, maximum, bit_and, bit_or, exchange, compare_and_swap };
// Returns what was there. Defined for int, unsigned and unsigned long long: floating-point sums in the order of
// arrival are not reproducible, so there are none.
template <class T>
T atomic(Atomic operation, T* address, T value, T expected = T{});

template <class T>
T shuffle(unsigned mask, T value, int source, const char* file, int line) {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = meet(Collective::shuffle, mask, bits, source, file, line);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace cuda_on_host

inline constexpr int warpSize = 32;
inline const uint3& threadIdx = cuda_on_host::registers.thread_index;
inline const uint3& blockIdx = cuda_on_host::registers.block_index;
inline const dim3& blockDim = cuda_on_host::registers.block_size;
inline const dim3& gridDim = cuda_on_host::registers.grid_size;

template <class... Expected, class... Actual>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Expected...),
                               Actual&&... arguments) {
  using Values = std::tuple<Expected...>;
  const auto call = [](cuda_on_host::KernelAddress address, const void* values) {
    std::apply(reinterpret_cast<void (*)(Expected...)>(address), *static_cast<const Values*>(values));
  };
  return cuda_on_host::launch(
      *config, reinterpret_cast<cuda_on_host::KernelAddress>(kernel),
      {std::make_shared<const Values>(std::forward<Actual>(arguments)...), sizeof(Values), call});
}
template <class... Parameters>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute attribute, int value) {
  return cuda_on_host::set_attribute(reinterpret_cast<cuda_on_host::KernelAddress>(kernel), attribute, value);
}
// As if the kernel used few registers and no static shared memory: neither is known here.
template <class... Parameters>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void (*kernel)(Parameters...),
                                                          int threads, std::size_t dynamic_shared_bytes) {
  return cuda_on_host::max_active_blocks(blocks, reinterpret_cast<cuda_on_host::KernelAddress>(kernel),
                                         threads, dynamic_shared_bytes);
}

inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  cuda_on_host::block_barrier(file, line);
}
inline void __syncwarp(unsigned mask = ~0u, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE()) {
  cuda_on_host::meet(cuda_on_host::Collective::syncwarp, mask, 0, 0, file, line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
  return static_cast<unsigned>(
      cuda_on_host::meet(cuda_on_host::Collective::ballot, mask, predicate != 0, 0, file, line));
}
inline int __any_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  return __ballot_sync(mask, predicate, file, line) != 0;
}
inline int __all_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  return __ballot_sync(mask, predicate, file, line) == mask;
}

// Shuffles work in segments of `width` lanes; a lane whose source lies outside its segment gets its own value.
template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, const char* file = __builtin_FILE(),
              int line = __builtin_LINE()) {
  const int segment = cuda_on_host::lane() & ~(width - 1);
  return cuda_on_host::shuffle(mask, value, segment | (source & (width - 1)), file, line);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, const char* file = __builtin_FILE(),
                 int line = __builtin_LINE()) {
  const int lane = cuda_on_host::lane(), source = lane - static_cast<int>(delta);
  return cuda_on_host::shuffle(mask, value, source < (lane & ~(width - 1)) ? lane : source, file, line);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const int lane = cuda_on_host::lane(), source = lane + static_cast<int>(delta);
  return cuda_on_host::shuffle(mask, value, source > (lane | (width - 1)) ? lane : source, file, line);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  const int lane = cuda_on_host::lane(), source = lane ^ lane_mask;
  return cuda_on_host::shuffle(mask, value, source > (lane | (width - 1)) ? lane : source, file, line);
}

template <class T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  return cuda_on_host::atomic(cuda_on_host::Atomic::add, address, value);
}
template <class T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return cuda_on_host::atomic(cuda_on_host::Atomic::minimum, address, value);
}
template <class T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return cuda_on_host::atomic(cuda_on_host::Atomic::maximum, address, value);
}
template <class T>
T atomicAnd(T* address, std::type_identity_t<T> value) {
  return cuda_on_host::atomic(cuda_on_host::Atomic::bit_and, address, value);
}
template <class T>
T atomicOr(T* address, std::type_identity_t<T> value) {
  return cuda_on_host::atomic(cuda_on_host::Atomic::bit_or, address, value);
}
template <class T>
T atomicExch(T* address, std::type_identity_t<T> value) {
  return cuda_on_host::atomic(cuda_on_host::Atomic::exchange, address, value);
}
template <class T>
T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  return cuda_on_host::atomic(cuda_on_host::Atomic::compare_and_swap, address, value, expected);
}

template <class T>
T __ldg(const T* address) {
  return *address;
}
inline int __popc(unsigned value) { return __builtin_popcount(value); }
inline int __ffs(int value) { return __builtin_ffs(value); }
inline int __clz(int value) { return value == 0 ? 32 : __builtin_clz(static_cast<unsigned>(value)); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float value) { return std::exp(value); }
inline float __logf(float value) { return std::log(value); }
inline float rsqrtf(float value) { return 1 / std::sqrt(value); }
using std::isfinite;
using std::max;
using std::min;
