// Arena: one allocation in which the buffers of a planned computation lie, sharing addresses where their
// lifetimes do not overlap.
#pragma once

#include <vector>

#include "core/tensor.h"

namespace attune {

// A buffer that is in use from step `first` to step `last`, both included.
struct ArenaRequest {
  std::int64_t bytes = 0;
  int first = 0, last = 0;
};

struct ArenaPlan {
  std::vector<std::int64_t> offsets;  // one a request, each aligned to 64 bytes
  std::int64_t bytes = 0;             // of the whole arena
};

// Greedy by size: the largest request first, each at the lowest offset where it meets no request that is
// alive at the same time. Deterministic; within a few per cent of the largest sum of live buffers on this
// project's networks.
ArenaPlan plan_arena(const std::vector<ArenaRequest>& requests);

class Arena {
 public:
  Arena() = default;
  Arena(Device device, std::int64_t bytes, const Allocator& allocator = {})
      : device_(device), memory_(allocate(device, bytes, allocator)), bytes_(bytes) {}

  std::int64_t bytes() const { return bytes_; }
  TensorView view(std::int64_t offset, const Shape& shape, DType dtype) const {
    return {static_cast<char*>(memory_.get()) + offset, shape, dtype, device_};
  }

 private:
  Device device_;
  DeviceMemory memory_{nullptr, DeviceMemoryDeleter{}};
  std::int64_t bytes_ = 0;
};

}  // namespace attune
