#include "core/device.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/error.h"

#ifdef ATTUNE_WITH_CUDA
#include <cuda_runtime.h>

#include "core/cuda_check.h"
#endif

namespace attune {

namespace {

constexpr std::size_t alignment = 64;  // a cache line, and the widest vector
constexpr std::size_t huge_page = std::size_t{2} << 20;

// At least one, so that an empty tensor has an address of its own. Not whole huge pages, as aligned_alloc would want: an
// access behind the array is to be found.
std::size_t allocated_bytes(std::size_t bytes) { return (bytes + alignment) / alignment * alignment; }

// Large arrays lie in huge pages where the system gives these to who asks for them: a page's fault zeroes 2 MiB, not 4 KiB,
// and walking an array misses fewer translations.
void* allocate_cpu(std::size_t bytes) {
  const bool large = bytes >= 2 * huge_page;
  const std::size_t boundary = large ? huge_page : alignment;
  void* data = nullptr;
  if (posix_memalign(&data, boundary, allocated_bytes(bytes)) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
  // Advice, which may fail; the rest behind the last whole page is not asked for.
  if (large) static_cast<void>(madvise(data, bytes / huge_page * huge_page, MADV_HUGEPAGE));
#endif
  return data;
}

#ifdef ATTUNE_WITH_CUDA
void* allocate_cuda(int index, std::size_t bytes) {
  const CurrentDevice current({DeviceKind::cuda, index});
  void* data = nullptr;
  if (cudaMalloc(&data, bytes) == cudaSuccess) return data;
  static_cast<void>(cudaGetLastError());
  std::size_t free_bytes = 0, total_bytes = 0;
  static_cast<void>(cudaMemGetInfo(&free_bytes, &total_bytes));
  fail(ErrorKind::out_of_memory, "cuda:", index, " is out of memory: asked for ", bytes, " bytes, ",
       free_bytes, " of ", total_bytes, " are free");
}
#endif

void require_cuda() {
  require(built_with_cuda, ErrorKind::unsupported, "this build of attune has no CUDA backend");
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Device device) {
  if (device.kind == DeviceKind::cpu) return out << "cpu";
  return out << "cuda:" << device.index;
}

bool has_cuda_backend() noexcept { return built_with_cuda; }

int cuda_device_count() noexcept {
#ifdef ATTUNE_WITH_CUDA
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  static_cast<void>(cudaGetLastError());
#endif
  return 0;
}

CurrentDevice::CurrentDevice(Device device) {
#ifdef ATTUNE_WITH_CUDA
  if (device.kind == DeviceKind::cpu || device.index >= cuda_device_count()) return;
  int current = 0;
  cuda_check(cudaGetDevice(&current), "cudaGetDevice");
  if (current == device.index) return;
  cuda_check(cudaSetDevice(device.index), "cudaSetDevice");
  previous_ = current;
#else
  static_cast<void>(device), static_cast<void>(previous_);
#endif
}
CurrentDevice::~CurrentDevice() {
#ifdef ATTUNE_WITH_CUDA
  if (previous_ >= 0) static_cast<void>(cudaSetDevice(previous_));
#endif
}

bool is_reachable(Device device, const void* data) {
#ifdef ATTUNE_WITH_CUDA
  cudaPointerAttributes attributes = {};
  cuda_check(cudaPointerGetAttributes(&attributes, data), "cudaPointerGetAttributes");
  return attributes.type == cudaMemoryTypeManaged ||
         (attributes.type == cudaMemoryTypeDevice && attributes.device == device.index);
#else
  static_cast<void>(device), static_cast<void>(data);
  return false;
#endif
}

void DeviceMemoryDeleter::operator()(void* data) const noexcept {
  if (device.kind == DeviceKind::cpu) {
    if (data && allocator.release)
      allocator.release(allocator.user, data, bytes);
    else
      std::free(data);
    return;
  }
#ifdef ATTUNE_WITH_CUDA
  static_cast<void>(cudaFree(data));
#endif
}

DeviceMemory allocate(Device device, std::int64_t bytes, const Allocator& allocator) {
  require(bytes >= 0, ErrorKind::argument, "negative allocation: ", bytes);
  if (device.kind == DeviceKind::cpu) {
    const auto size = static_cast<std::size_t>(bytes);
    void* data = allocator.allocate ? allocator.allocate(allocator.user, allocated_bytes(size), alignment)
                                    : allocate_cpu(size);
    require(data != nullptr, ErrorKind::out_of_memory, "out of memory: asked for ", bytes, " bytes");
    return {data, DeviceMemoryDeleter{device, allocator, allocated_bytes(size)}};
  }
  require_cuda();
#ifdef ATTUNE_WITH_CUDA
  // No more than asked for, so that an access behind it is found.
  return {allocate_cuda(device.index, static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1))),
          DeviceMemoryDeleter{device, {}, 0}};
#else
  return {nullptr, DeviceMemoryDeleter{}};
#endif
}

void copy_bytes(void* target, Device target_device, const void* source, Device source_device,
                std::int64_t bytes) {
  if (bytes == 0) return;
  if (target_device.kind == DeviceKind::cpu && source_device.kind == DeviceKind::cpu) {
    std::memcpy(target, source, static_cast<std::size_t>(bytes));
    return;
  }
  require_cuda();
#ifdef ATTUNE_WITH_CUDA
  cuda_check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  cuda_check(cudaMemcpy(target, source, static_cast<std::size_t>(bytes), cudaMemcpyDefault), "cudaMemcpy");
  cuda_check(cudaDeviceSynchronize(), "cudaMemcpy");
#endif
}

void fill_bytes(void* target, Device device, unsigned char value, std::int64_t bytes) {
  if (bytes == 0) return;
  if (device.kind == DeviceKind::cpu) {
    std::memset(target, value, static_cast<std::size_t>(bytes));
    return;
  }
  require_cuda();
#ifdef ATTUNE_WITH_CUDA
  cuda_check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  cuda_check(cudaMemset(target, value, static_cast<std::size_t>(bytes)), "cudaMemset");
  cuda_check(cudaDeviceSynchronize(), "cudaMemset");
#endif
}

}  // namespace attune
