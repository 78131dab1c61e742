// Area averaging of packed picture rows, straight from their 8 or 16 bits, so that a large photograph is read
// once and never stored as floats.
#pragma once

#include <cstdint>

namespace attune {

// out[y, x, c] = the average of the source's box under output pixel (y, x), divided by the sample's peak:
// 0..1. Boxes have fractional borders, weighted exactly. `source_stride` is in bytes, `pixel` in samples; the
// first `channels` of each pixel are read. Output rows are independent and run on `threads` threads with the
// same bits for any number.
struct Downscale {
  const void* source = nullptr;
  std::int64_t width = 0, height = 0, source_stride = 0;
  int pixel = 3, channels = 3;
  float* out = nullptr;
  std::int64_t out_width = 0, out_height = 0;  // each at most the source's
};
void downscale_u8(const Downscale& arguments, int threads);
void downscale_u16(const Downscale& arguments, int threads);

}  // namespace attune
