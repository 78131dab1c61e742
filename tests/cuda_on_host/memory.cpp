#include "memory.h"

#include <cstdlib>
#include <map>
#include <sstream>

#include "host_memory.h"
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

}  // namespace cuda_on_host

using namespace cuda_on_host;

cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  const std::lock_guard lock(runtime_lock());
  *data = nullptr;
  const cudaError_t refused = refuse_unsafe_in_capture();
  if (refused != cudaSuccess) return refused;
  ++counters_now().allocations;
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
  const cudaError_t refused = refuse_unsafe_in_capture();
  if (refused != cudaSuccess) return refused;
  ++counters_now().synchronizations;
  static_cast<void>(wait_for_all());  // as the device does; faults stay pending
  const auto found = allocations().find(number(data));
  if (found == allocations().end()) return set_last_error(cudaErrorInvalidValue);
  check_guards(found->second);
  allocations().erase(found);
  std::free(static_cast<unsigned char*>(data) - guard_bytes);
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* data) {
  const std::lock_guard lock(runtime_lock());
  const bool on_device = find_allocation(data, 1) != nullptr, pinned = is_pinned(data, 1);
  *attributes = {on_device ? cudaMemoryTypeDevice
                 : pinned  ? cudaMemoryTypeHost
                           : cudaMemoryTypeUnregistered,
                 0};
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
