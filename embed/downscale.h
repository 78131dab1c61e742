// Area averaging of packed picture rows, straight from their samples, so that a large photograph is read once and never
// stored as floats.
#pragma once

#include <cstdint>

#include "embed/picture.h"

namespace attune {

// What of a picture does not count: with m the foreground's weight, a pixel has the share 1 - ignored / 255 (1 - m). One
// without a share has no influence, whatever it holds.
struct IgnoredBackground {
  PixelRows rows;  // 8 bits a pixel
  PixelRows mask;
  Sample mask_sample = Sample::u8;
  bool inverted = false;  // m = 1 - mask
};

// out[y, x, c] = the average of the source's box under output pixel (y, x): of 8 and 16 bits divided by their peak. Boxes
// have fractional borders, weighted exactly. Output rows are independent: the same bits for any number of threads.
struct Downscale {
  PixelRows source;
  PictureSize size, out_size;  // out_size is at most size, along each side
  Sample sample = Sample::u8;
  int pixel = 3, channels = 3;  // samples a pixel, of which the first `channels` are read
  bool reversed = false;        // the last of them first
  bool linear = false;          // encoded as sRGB before they are averaged; floats only
  bool snap = false;            // as resample::Options::snap: for masks
  const IgnoredBackground* ignored = nullptr;
  float* out = nullptr;
  // [out_height, out_width], with `ignored` only: the average of the pixels' shares. Where it is 0 so is `out`.
  float* shares = nullptr;
};

// The output rows [begin, end), on `threads` threads.
void downscale(const Downscale& arguments, std::int64_t begin, std::int64_t end, int threads);

}  // namespace attune
