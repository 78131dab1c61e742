// Scratch memory of the CPU kernel, and how its passes group images.
#pragma once

#include "kernels/masked_style/runs.h"

namespace attune::style_fusion {

using masked_style::Partial;
using masked_style::row_stride;
using masked_style::Runs;

// Floats for: a partial of every run; six rows of y's coefficients and four of dx's for every image; the gate.
struct Layout {
  std::int64_t partials, coefficients, gradients, gate, total;

  explicit Layout(const Runs& runs) {
    const std::int64_t stride = row_stride(runs.channels);
    partials = 0;
    coefficients = checked_multiply(runs.count(), Partial::floats(runs.channels));
    gradients = coefficients + checked_multiply(runs.images, 6 * stride);
    gate = gradients + checked_multiply(runs.images, 4 * stride);
    total = gate + stride;
  }
};

// Images are reduced and then swept in groups of about this many bytes, so that the second pass finds in cache what the
// first one read; a group of more than one image keeps small images from paying for a barrier each.
constexpr std::int64_t group_bytes = 4 << 20;

inline std::int64_t images_per_group(std::int64_t image_bytes) {
  return std::max<std::int64_t>(1, group_bytes / std::max<std::int64_t>(1, image_bytes));
}

}  // namespace attune::style_fusion
