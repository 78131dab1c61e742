// Masks as people draw them: some pixels too small or too large, or soft.
#pragma once

#include <cstdint>

#include "core/philox.h"

namespace attune::tools {

// Moves the edge of mask[size, size] in or out by up to a 64th of the size, and softens it by as much. What lies farther from
// the edge stays 0 or 1; a mask that would lose half of its area stays as it is.
void draw_mask_error(PhiloxStream& random, std::int64_t size, float* mask);

}  // namespace attune::tools
