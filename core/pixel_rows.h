// Pictures as programs hold them: rows of interleaved samples, packed, padded or going up.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/dtype.h"
#include "core/error.h"

namespace attune {

// Of 8 or 16 bits or a float.
enum class Sample : std::uint8_t { u8, u16, f32 };

constexpr std::int64_t bytes_of(Sample sample) {
  return sample == Sample::u8 ? 1 : sample == Sample::u16 ? 2 : 4;
}

// Calls body with a zero of a sample's type:
//     with_sample_type(rows.sample, [&](auto zero) { apply<decltype(zero)>(rows); });
template <class Body>
void with_sample_type(Sample sample, const Body& body) {
  if (sample == Sample::u8) return body(std::uint8_t());
  if (sample == Sample::u16) return body(std::uint16_t());
  body(float());
}

// White.
template <class T>
inline constexpr float peak_of = std::is_same_v<T, float> ? 1
                                                          : static_cast<float>(std::numeric_limits<T>::max());

struct PixelRows {
  const void* data = nullptr;
  std::int64_t stride = 0;  // bytes

  ATTUNE_HOST_DEVICE const void* row(std::int64_t y) const {
    return static_cast<const char*>(data) + y * stride;
  }
};

// Throws ErrorKind::argument where rows of such samples are null or not aligned to them.
inline void check_rows(const char* op, const char* name, const PixelRows& rows, std::int64_t sample_bytes) {
  require(rows.data != nullptr, ErrorKind::argument, op, ": ", name, " is null");
  require(reinterpret_cast<std::uintptr_t>(rows.data) % static_cast<std::uintptr_t>(sample_bytes) == 0 &&
              rows.stride % sample_bytes == 0,
          ErrorKind::argument, op, ": ", name, " or its stride of ", rows.stride,
          " bytes is not aligned to its samples");
}

}  // namespace attune
