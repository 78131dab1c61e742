// Cuts a workspace into aligned pieces; without a base it only counts their bytes, for planning.
#pragma once

#include <cstdint>

#include "core/tensor.h"

namespace attune {

class Scratch {
 public:
  // What cuBLAS asks of its own scratch (kernels/convolution/library.h).
  static constexpr std::int64_t alignment = 256;

  explicit Scratch(void* base = nullptr, Device device = {})
      : base_(static_cast<char*>(base)), device_(device) {}

  void* take(std::int64_t bytes) {
    void* piece = base_ ? base_ + bytes_ : nullptr;
    bytes_ += (bytes + alignment - 1) / alignment * alignment;
    return piece;
  }
  TensorView take(const Shape& shape, DType dtype) {
    return {take(checked_multiply(shape.elements(), size_of(dtype))), shape, dtype, device_};
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  char* base_;
  Device device_;
  std::int64_t bytes_ = 0;
};

}  // namespace attune
