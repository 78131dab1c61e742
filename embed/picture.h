// A caller's picture, checked, its format taken apart and its strides filled in.
#pragma once

#include <cstdint>

#include "embed/attune/attune.h"
#include "embed/monitor.h"
#include "kernels/color_transform/color_transform.h"
#include "layers/harmonizer/inference.h"

namespace attune {

using Sample = color_transform::Rows::Sample;

// Rows of interleaved samples in the caller's memory.
struct PixelRows {
  const void* data = nullptr;
  std::int64_t stride = 0;  // bytes

  const void* row(std::int64_t y) const { return static_cast<const char*>(data) + y * stride; }
};

struct Picture {
  PictureSize size;
  Sample sample = Sample::u8;
  int channels = 3;       // 4 with alpha last
  bool reversed = false;  // blue first
  bool linear = false;    // else sRGB
  PixelRows image, mask, ignored;
  Sample mask_sample = Sample::u8;
  void* output = nullptr;
  std::int64_t output_stride = 0;

  std::int64_t row_bytes() const { return size.width * channels * color_transform::bytes_of(sample); }
  void* output_row(std::int64_t y) const { return static_cast<char*>(output) + y * output_stride; }
};

// Throws ErrorKind::argument on what the C header's contract forbids, but for a float mask's values.
Picture checked(const attune_picture& picture);

// Reads the mask, and where there is any what is ignored, as far as it takes; asks the monitor now and then. Throws
// ErrorKind::argument on a float mask's value outside 0..1.
attune_mask_kind kind_of_mask(const Picture& picture, bool inverted, const Monitor& monitor);

// The image to the output, unless it is there already; asks the monitor now and then.
void copy_picture(const Picture& picture, const Monitor& monitor);

}  // namespace attune
