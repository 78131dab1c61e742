#include "host_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "stream.h"

namespace cuda_on_host {

namespace {

constexpr unsigned char unwritten_value = 0xff;  // NaN

std::map<const unsigned char*, std::size_t>& pinned() {
  static std::map<const unsigned char*, std::size_t> sizes;
  return sizes;
}

std::vector<const PinnedUse*>& uses() {
  static std::vector<const PinnedUse*> pending;
  return pending;
}

}  // namespace

bool is_pinned(const void* data, std::size_t bytes) {
  const auto* begin = static_cast<const unsigned char*>(data);
  const auto after = pinned().upper_bound(begin);
  if (after == pinned().begin()) return false;
  const auto& [start, size] = *std::prev(after);
  return begin + bytes <= start + size;
}

PinnedUse::PinnedUse(unsigned char* data, std::size_t bytes, Role role)
    : data_(data), bytes_(bytes), role_(role) {
  const bool in_use =
      std::any_of(uses().begin(), uses().end(), [this](const PinnedUse* use) { return overlaps(*use); });
  uses().push_back(this);
  if (in_use) return;
  if (role == Role::target) std::memset(data, unwritten_value, bytes);
  expected_.assign(data, data + bytes);
}

PinnedUse::~PinnedUse() { uses().erase(std::find(uses().begin(), uses().end(), this)); }

bool PinnedUse::overlaps(const PinnedUse& other) const {
  return data_ < other.data_ + other.bytes_ && other.data_ < data_ + bytes_;
}

void PinnedUse::check() const {
  const auto changed = std::mismatch(expected_.begin(), expected_.end(), data_).first - expected_.begin();
  if (changed == static_cast<std::ptrdiff_t>(expected_.size())) return;
  report_fault("host code wrote to byte " + std::to_string(changed) + " of " + std::to_string(bytes_) +
               " pinned bytes (" + hexadecimal(data_ + changed) + "), which a pending copy " +
               (role_ == Role::source ? "reads" : "is to overwrite"));
}

std::shared_ptr<const PinnedUse> watch_pinned(const void* data, std::size_t bytes, PinnedUse::Role role) {
  if (!is_pinned(data, bytes)) return nullptr;
  // Only a target, which the caller may write, is written.
  auto* begin = static_cast<unsigned char*>(const_cast<void*>(data));  // NOLINT(*-const-cast)
  return std::make_shared<const PinnedUse>(begin, bytes, role);
}

}  // namespace cuda_on_host

using namespace cuda_on_host;

cudaError_t cudaHostAlloc(void** data, std::size_t bytes, unsigned) {
  const std::lock_guard lock(runtime_lock());
  *data = nullptr;
  const cudaError_t refused = refuse_unsafe_in_capture();
  if (refused != cudaSuccess) return refused;
  ++counters_now().allocations;
  if (bytes == 0) return cudaSuccess;
  *data = std::malloc(bytes);
  if (!*data) return set_last_error(cudaErrorMemoryAllocation);
  std::memset(*data, unwritten_value, bytes);
  pinned()[static_cast<unsigned char*>(*data)] = bytes;
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** data, std::size_t bytes) { return cudaHostAlloc(data, bytes, 0); }

cudaError_t cudaFreeHost(void* data) {
  if (!data) return cudaSuccess;
  const std::lock_guard lock(runtime_lock());
  const cudaError_t refused = refuse_unsafe_in_capture();
  if (refused != cudaSuccess) return refused;
  ++counters_now().synchronizations;
  static_cast<void>(wait_for_all());  // as the device does
  if (pinned().erase(static_cast<unsigned char*>(data)) == 0) return set_last_error(cudaErrorInvalidValue);
  std::free(data);
  return cudaSuccess;
}
