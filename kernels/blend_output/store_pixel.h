// A pixel of store_rows, as every device computes it. Private to this folder.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/transfer.h"
#include "kernels/blend_output/store_rows.h"

namespace attune::blend_output {

// std::lerp is exact at both ends, and a greater strength never takes a step back.
template <class S>
ATTUNE_HOST_DEVICE inline S recoloured_sample(S before, float colour, float strength, bool linear) {
  constexpr float peak = peak_of<S>;
  const auto sample = static_cast<float>(before);
  const float from = linear ? srgb_from_linear(sample) : sample;
  const float highest = std::max(peak, from);  // of what is no number, too
  const float to = std::max(std::min(0.0f, from), std::min(highest, colour * peak));
  const float result = std::lerp(from, to, strength);
  if constexpr (std::is_same_v<S, float>)
    return linear ? linear_from_srgb(result) : result;
  else
    return static_cast<S>(static_cast<int>(result + half_to_round));
}

ATTUNE_HOST_DEVICE inline bool has_mask(const PictureRows& a, std::int64_t row, std::int64_t column) {
  const PixelRows mask{a.mask, a.mask_stride};
  switch (a.mask_type) {
    case PictureRows::MaskType::u8:
      return static_cast<const std::uint8_t*>(mask.row(row))[column] != (a.inverted ? 255 : 0);
    case PictureRows::MaskType::f32:
      return static_cast<const float*>(mask.row(row))[column] != (a.inverted ? 1.0f : 0.0f);
    default:
      return true;
  }
}

// Pixel `column` of row row_begin + `row`.
template <class S>
ATTUNE_HOST_DEVICE inline void store_pixel(const StoredRows& a, float strength, std::int64_t row,
                                           std::int64_t column) {
  const auto* in = static_cast<const S*>(PixelRows{a.in, a.in_stride}.row(row)) + a.channels * column;
  auto* out = reinterpret_cast<S*>(static_cast<char*>(a.out) + row * a.out_stride) + a.channels * column;
  const float* colours =
      static_cast<const float*>(a.colours.data) + 3 * ((a.row_begin + row) * a.width + column);
  const bool recoloured = strength > 0 && has_mask(a, row, column);
  if (!recoloured && in == out) return;
  for (int c = 0; c < a.channels; ++c)
    out[c] = recoloured && c < 3
                 ? recoloured_sample(in[c], colours[a.reversed ? 2 - c : c], strength, a.linear)
                 : in[c];
}

}  // namespace attune::blend_output
