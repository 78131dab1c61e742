// Random foregrounds for photographs that have no mask.
#pragma once

#include <cstdint>

#include "core/philox.h"

namespace attune::tools {

// Fills mask[size, size] with one to three overlapping blobs (ellipses with a wavy outline) whose total area
// is about `fraction` of the picture; the edge is one pixel soft. Never empty.
void draw_random_region(PhiloxStream& random, std::int64_t size, float fraction, float* mask);

}  // namespace attune::tools
