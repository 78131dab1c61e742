// TestTensor: a tensor for tests. Its elements start as NaN (integers as a pattern), so that an output nobody wrote is
// noticed; guarded ends notice a write outside, unless every access is watched: then its memory ends with it, and a read
// outside is noticed as well. An offset of one element makes vectors misaligned.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/tensor.h"

namespace attune::test {

class TestTensor {
 public:
  TestTensor(Shape shape, DType dtype, int offset = 0, Device device = {})
      : shape_(shape), dtype_(dtype), device_(device) {
    const std::int64_t guard = is_watched() && shape.elements() > 0 ? 0 : 32;
    offset_ = guard + offset;
    const std::int64_t total = shape.elements() + 2 * guard + offset;
    memory_ = allocate(device, total * size_of(dtype));
    fill_bytes(memory_.get(), device, guard_byte, total * size_of(dtype));
    fill_bytes(view().data, device, poison, shape.elements() * size_of(dtype));
    total_ = total;
  }
  TestTensor(Shape shape, DType dtype, const std::vector<double>& values, int offset = 0, Device device = {})
      : TestTensor(shape, dtype, offset, device) {
    set(values);
  }

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  TensorView view() const {
    return {static_cast<char*>(memory_.get()) + offset_ * size_of(dtype_), shape_, dtype_, device_};
  }

  // Stores `values`, rounded to the dtype.
  void set(const std::vector<double>& values) {
    REQUIRE(static_cast<std::int64_t>(values.size()) == shape_.elements());
    std::vector<char> bytes(values.size() * static_cast<std::size_t>(size_of(dtype_)));
    for (std::size_t i = 0; i < values.size(); ++i) encode(values[i], bytes.data() + i * element_bytes());
    copy_bytes(view().data, device_, bytes.data(), Device{}, static_cast<std::int64_t>(bytes.size()));
  }

  // The elements as doubles; fails the test where a guard was overwritten.
  std::vector<double> get() const {
    std::vector<char> bytes(static_cast<std::size_t>(total_) * element_bytes());
    copy_bytes(bytes.data(), Device{}, memory_.get(), device_, static_cast<std::int64_t>(bytes.size()));
    const std::size_t begin = static_cast<std::size_t>(offset_) * element_bytes();
    const std::size_t end = begin + static_cast<std::size_t>(shape_.elements()) * element_bytes();
    bool guards_intact = true;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      if (i < begin || i >= end) guards_intact &= static_cast<unsigned char>(bytes[i]) == guard_byte;
    REQUIRE(guards_intact);
    std::vector<double> values(static_cast<std::size_t>(shape_.elements()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = decode(bytes.data() + begin + i * element_bytes());
    return values;
  }

  // The raw bytes of the elements, for bit-exact comparisons.
  std::vector<char> bytes() const {
    std::vector<char> bytes(static_cast<std::size_t>(shape_.elements()) * element_bytes());
    copy_bytes(bytes.data(), Device{}, view().data, device_, static_cast<std::int64_t>(bytes.size()));
    return bytes;
  }

 private:
  static constexpr unsigned char poison = 0xff;  // NaN in every floating type
  static constexpr unsigned char guard_byte =
      0x5a;  // finite: a NaN that is updated in place stays what it was

  // By tests/cuda_on_host. On the CPU there is room behind what is allocated, which AddressSanitizer takes for used.
  bool is_watched() const {
#ifdef ATTUNE_CUDA_ON_HOST
    return device_.kind == DeviceKind::cuda;
#else
    return false;
#endif
  }
  std::size_t element_bytes() const { return static_cast<std::size_t>(size_of(dtype_)); }

  template <class T>
  static void put(char* p, T value) {
    std::memcpy(p, &value, sizeof value);
  }
  template <class T>
  static T take(const char* p) {
    T value;
    std::memcpy(&value, p, sizeof value);
    return value;
  }
  void encode(double value, char* p) const {
    switch (dtype_) {
      case DType::f32:
        return put(p, static_cast<float>(value));
      case DType::bf16:
        return put(p, bfloat16(static_cast<float>(value)));
      case DType::f64:
        return put(p, value);
      case DType::i32:
        return put(p, static_cast<std::int32_t>(value));
      case DType::u8:
        return put(p, static_cast<std::uint8_t>(value));
    }
  }
  double decode(const char* p) const {
    switch (dtype_) {
      case DType::f32:
        return static_cast<double>(take<float>(p));
      case DType::bf16:
        return static_cast<double>(take<bfloat16>(p));
      case DType::f64:
        return take<double>(p);
      case DType::i32:
        return take<std::int32_t>(p);
      case DType::u8:
        return take<std::uint8_t>(p);
    }
    return 0;
  }

  Shape shape_;
  DType dtype_;
  Device device_;
  std::int64_t offset_ = 0;
  std::int64_t total_ = 0;
  DeviceMemory memory_{nullptr, DeviceMemoryDeleter{}};
};

}  // namespace attune::test
