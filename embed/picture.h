// A caller's picture, checked, its format taken apart and its strides filled in.
#pragma once

#include <cstdint>

#include "core/device.h"
#include "core/pixel_rows.h"
#include "embed/attune/attune.h"
#include "embed/monitor.h"
#include "layers/harmonizer/inference.h"

namespace attune {

struct Picture {
  PictureSize size;
  Sample sample = Sample::u8;
  int channels = 3;        // 4 with alpha last
  bool reversed = false;   // blue first
  bool linear = false;     // else sRGB
  bool on_device = false;  // all rows, in the memory of the session's CUDA device
  PixelRows image, mask, ignored;
  Sample mask_sample = Sample::u8;
  void* output = nullptr;
  std::int64_t output_stride = 0;

  std::int64_t row_bytes() const { return size.width * channels * bytes_of(sample); }
  void* output_row(std::int64_t y) const { return static_cast<char*>(output) + y * output_stride; }
};

// Of a session on `device`. Throws ErrorKind::argument on what the C header's contract forbids, but for a float mask's values.
Picture checked(const attune_picture& picture, Device device);

// Reads the mask, and where there is any what is ignored, as far as it takes; asks the monitor now and then. Throws
// ErrorKind::argument on a float mask's value outside 0..1. Unknown where the picture lies on a device.
attune_mask_kind kind_of_mask(const Picture& picture, bool inverted, const Monitor& monitor);

// The image to the output, unless it is there already; asks the monitor now and then.
void copy_picture(const Picture& picture, const Monitor& monitor);

}  // namespace attune
