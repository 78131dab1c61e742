// Shape: up to four 64-bit extents, and products that are checked before they overflow.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <ostream>

#include "core/error.h"

namespace attune {

// a * b for non-negative sizes; throws where the product does not fit.
inline std::int64_t checked_multiply(std::int64_t a, std::int64_t b) {
  require(a >= 0 && b >= 0, ErrorKind::argument, "negative size in ", a, " * ", b);
  require(b == 0 || a <= std::numeric_limits<std::int64_t>::max() / b, ErrorKind::argument,
          "size overflows 64 bits: ", a, " * ", b);
  return a * b;
}

// Narrows to T; throws where the value does not fit.
template <class T>
T checked_cast(std::int64_t value) {
  require(value >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
              static_cast<std::uint64_t>(value < 0 ? 0 : value) <=
                  static_cast<std::uint64_t>(std::numeric_limits<T>::max()),
          ErrorKind::argument, "size out of range: ", value);
  return static_cast<T>(value);
}

class Shape {
 public:
  static constexpr int max_rank = 4;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents) {
    require(extents.size() <= max_rank, ErrorKind::argument, "a shape has at most 4 extents");
    for (std::int64_t extent : extents) {
      require(extent >= 0, ErrorKind::argument, "negative extent ", extent);
      extents_[static_cast<std::size_t>(rank_++)] = extent;
    }
    elements();
  }

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  std::int64_t elements() const {
    std::int64_t product = 1;
    for (int axis = 0; axis < rank_; ++axis) product = checked_multiply(product, (*this)[axis]);
    return product;
  }
  friend bool operator==(const Shape& a, const Shape& b) {
    return a.rank_ == b.rank_ && a.extents_ == b.extents_;
  }
  friend bool operator!=(const Shape& a, const Shape& b) { return !(a == b); }
  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    out << '[';
    for (int axis = 0; axis < shape.rank_; ++axis) out << (axis ? "x" : "") << shape[axis];
    return out << ']';
  }

 private:
  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

}  // namespace attune
