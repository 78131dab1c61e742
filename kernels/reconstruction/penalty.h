// The scalar part of the loss, an image at a time; shared by every device.
#pragma once

#include <cmath>

#include "core/dtype.h"
#include "kernels/reconstruction/reconstruction.h"

namespace attune::reconstruction {

// l_n of an image with this E_n.
ATTUNE_HOST_DEVICE inline double image_loss(Penalty penalty, double mean_penalty) {
  if (penalty == Penalty::robust) return std::sqrt(mean_penalty + robust_offset) - robust_root;
  if (penalty == Penalty::logarithmic) return robust_root * std::log1p(mean_penalty / robust_offset);
  return mean_penalty;
}

// What d, or its sign, is multiplied with in an image of this loss and area: dloss / N l'(E_n) / (3 area_n), and 2 for a
// square.
ATTUNE_HOST_DEVICE inline float gradient_scale(Penalty penalty, float dloss, std::int64_t images, float area,
                                               float loss) {
  const double upstream = static_cast<double>(dloss) / static_cast<double>(images);
  const double scale = upstream / (3 * static_cast<double>(area));
  switch (penalty) {
    case Penalty::squared:
      return static_cast<float>(2 * scale);
    case Penalty::robust:
      return static_cast<float>(scale / (static_cast<double>(loss) + robust_root));
    case Penalty::logarithmic:
      // 2 l' = 2 root / (E + offset), where root = sqrt(offset) and E + offset = offset exp(l / root)
      return static_cast<float>(2 * scale / robust_root * std::exp(-static_cast<double>(loss) / robust_root));
    case Penalty::absolute:
      break;
  }
  return static_cast<float>(scale);
}

}  // namespace attune::reconstruction
