// Device memory: plain host memory with guarded ends and a shadow.
#pragma once

#include "runtime.h"
#include "shadow.h"

namespace cuda_on_host {

struct DeviceAllocation {
  unsigned char* data;
  std::size_t bytes;
  Shadow shadow;

  std::size_t offset_of(const void* address) const {
    return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(data);
  }
  bool holds(const void* address, std::size_t size) const {
    const std::size_t offset = offset_of(address);
    return offset <= bytes && size <= bytes - offset;
  }
};

}  // namespace cuda_on_host
