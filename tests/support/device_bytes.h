// Values as the bytes of a device's memory.
#pragma once

#include <vector>

#include "core/tensor.h"

namespace attune::test {

template <class T>
Tensor bytes_on(Device device, const std::vector<T>& values) {
  const auto bytes = static_cast<std::int64_t>(values.size() * sizeof(T));
  Tensor copy({bytes}, DType::u8, device);
  copy_bytes(copy.view().data, device, values.data(), Device{}, bytes);
  return copy;
}

}  // namespace attune::test
