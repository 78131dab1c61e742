// What of a picture's background does not count.
#pragma once

#include "core/pixel_rows.h"

namespace attune::resample {

struct IgnoredBackground {
  PixelRows rows;  // 8 bits a pixel: 255 where it does not count at all
  PixelRows mask;  // m, or where it is inverted 1 - m
  Sample mask_sample = Sample::u8;
  bool inverted = false;
};

struct PixelShare {
  float share;
  bool is_background;  // in part at least, and not ignored altogether
};

ATTUNE_HOST_DEVICE inline PixelShare share_of(const IgnoredBackground& a, std::int64_t y, std::int64_t x) {
  const float mask = a.mask_sample == Sample::f32
                         ? static_cast<const float*>(a.mask.row(y))[x]
                         : static_cast<float>(static_cast<const std::uint8_t*>(a.mask.row(y))[x]) / 255.0f;
  const float background = a.inverted ? mask : 1 - mask;
  const std::uint8_t ignored = static_cast<const std::uint8_t*>(a.rows.row(y))[x];
  return {1 - static_cast<float>(ignored) / 255.0f * background, background > 0 && ignored < 255};
}

}  // namespace attune::resample
