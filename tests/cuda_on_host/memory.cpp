#include "memory.h"

#include <cstdlib>
#include <map>
#include <sstream>

#include "sanitizer.h"
#include "stream.h"

namespace cuda_on_host {

namespace {

constexpr std::size_t guard_bytes = 256;  // also the alignment that cudaMalloc promises
constexpr unsigned char guard_value = 0xfb, unwritten_value = 0xff;
constexpr std::size_t device_bytes = std::size_t{2} << 30;

// By address. Freed memory leaves the map, so that a use after free is a use of no allocation.
std::map<std::uintptr_t, DeviceAllocation>& allocations() {
  static std::map<std::uintptr_t, DeviceAllocation> map;
  return map;
}

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

std::size_t padded(std::size_t bytes) { return (bytes + guard_bytes - 1) / guard_bytes * guard_bytes; }

void set_guards(const DeviceAllocation& allocation) {
  unsigned char* end = allocation.data + allocation.bytes;
  const std::size_t tail = padded(allocation.bytes) - allocation.bytes + guard_bytes;
  std::memset(allocation.data - guard_bytes, guard_value, guard_bytes);
  std::memset(end, guard_value, tail);
  poison(allocation.data - guard_bytes, guard_bytes);
  poison(end, tail);
}

// Kernels are watched access by access; the guards notice what host code writes around them.
void check_guards(const DeviceAllocation& allocation) {
  const unsigned char* end = allocation.data + allocation.bytes;
  const std::size_t tail = padded(allocation.bytes) - allocation.bytes + guard_bytes;
  unpoison(allocation.data - guard_bytes, 2 * guard_bytes + padded(allocation.bytes));
  bool intact = true;
  for (std::size_t i = 0; i < guard_bytes; ++i) intact &= (allocation.data - guard_bytes)[i] == guard_value;
  for (std::size_t i = 0; i < tail; ++i) intact &= end[i] == guard_value;
  if (!intact)
    report_fault("host code wrote around a device allocation of " + std::to_string(allocation.bytes) +
                 " bytes");
}

// False for a range that starts in device memory but leaves its allocation, or that the kind says lies elsewhere.
bool valid_range(const void* data, std::size_t bytes, bool must_be_device) {
  return bytes == 0 || find_allocation(data, bytes) || (!must_be_device && !find_allocation(data, 1));
}

}  // namespace

DeviceAllocation* find_allocation(const void* data, std::size_t bytes) {
  auto& map = allocations();
  auto after = map.upper_bound(number(data));
  if (after == map.begin()) return nullptr;
  DeviceAllocation& candidate = std::prev(after)->second;
  return candidate.holds(data, bytes) ? &candidate : nullptr;
}

std::string hexadecimal(std::uintptr_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

std::string describe_device_address(const void* data, std::size_t bytes) {
  std::ostringstream text;
  text << bytes << " bytes at ";
  for (const auto& [begin, allocation] : allocations())
    if (number(data) + guard_bytes >= begin &&
        number(data) < begin + padded(allocation.bytes) + guard_bytes) {
      text << "byte " << static_cast<std::ptrdiff_t>(number(data) - begin) << " of an allocation of "
           << allocation.bytes << " bytes (" << hexadecimal(data) << ")";
      return text.str();
    }
  text << hexadecimal(data) << ", which is not device memory";
  return text.str();
}

cudaError_t copy_now(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (!valid_range(target, bytes, to_device) || !valid_range(source, bytes, from_device))
    return cudaErrorInvalidValue;
  if (bytes == 0) return cudaSuccess;
  DeviceAllocation *from = find_allocation(source, bytes), *to = find_allocation(target, bytes);
  const auto unwritten = from ? from->shadow.first_unwritten(from->offset_of(source), bytes) : std::nullopt;
  if (unwritten && !to)
    report_fault("a copy to the host reads unwritten global memory, an allocation of " +
                 std::to_string(from->bytes) + " bytes, + " + std::to_string(*unwritten) + " bytes (" +
                 hexadecimal(from->data + *unwritten) + ")");
  std::memmove(target, source, bytes);
  if (to && unwritten) {
    to->shadow.copy_written(to->offset_of(target), from->shadow, from->offset_of(source), bytes);
  } else if (to) {
    to->shadow.mark_written(to->offset_of(target), bytes);
  }
  return cudaSuccess;
}

cudaError_t fill_now(void* data, int value, std::size_t bytes) {
  if (bytes == 0) return cudaSuccess;
  DeviceAllocation* allocation = find_allocation(data, bytes);
  if (!allocation) return cudaErrorInvalidValue;
  std::memset(data, value, bytes);
  allocation->shadow.mark_written(allocation->offset_of(data), bytes);
  return cudaSuccess;
}

}  // namespace cuda_on_host

using namespace cuda_on_host;

cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  const std::lock_guard lock(runtime_lock());
  *data = nullptr;
  if (bytes == 0) return cudaSuccess;
  void* memory =
      bytes > device_bytes ? nullptr : std::aligned_alloc(guard_bytes, padded(bytes) + 2 * guard_bytes);
  if (!memory) return set_last_error(cudaErrorMemoryAllocation);
  auto* begin = static_cast<unsigned char*>(memory) + guard_bytes;
  const auto entry = allocations().try_emplace(
      number(begin), DeviceAllocation{begin, bytes, Shadow(Shadow::Scope::global, bytes)});
  std::memset(begin, unwritten_value, bytes);
  set_guards(entry.first->second);
  *data = begin;
  return cudaSuccess;
}

cudaError_t cudaFree(void* data) {
  if (!data) return cudaSuccess;
  const std::lock_guard lock(runtime_lock());
  finish_all_work();  // as the device does
  const auto found = allocations().find(number(data));
  if (found == allocations().end()) return set_last_error(cudaErrorInvalidValue);
  check_guards(found->second);
  allocations().erase(found);
  std::free(static_cast<unsigned char*>(data) - guard_bytes);
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** data, std::size_t bytes) {
  *data = std::malloc(bytes);
  return *data || bytes == 0 ? cudaSuccess : set_last_error(cudaErrorMemoryAllocation);
}

cudaError_t cudaFreeHost(void* data) {
  std::free(data);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes) {
  const std::lock_guard lock(runtime_lock());
  std::size_t used = 0;
  for (const auto& entry : allocations()) used += entry.second.bytes;
  *total_bytes = device_bytes;
  *free_bytes = device_bytes - std::min(device_bytes, used);
  return cudaSuccess;
}
