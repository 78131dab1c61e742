// The parts of a picture that are no example to follow, filled with what is.
#pragma once

#include "layers/harmonizer/inference.h"

namespace attune {

// Cells whose share is 0 take the colour of the nearest cell with one, in steps along rows and columns; of their own
// region (mask >= 1/2 or below) where that has any. So nothing that is ignored reaches the network, and the statistics of
// a region stay close to those of what is left of it.
// colours [height, width, 3] in place; mask and shares [height, width].
void fill_ignored(float* colours, const float* mask, const float* shares, const PictureSize& size);

}  // namespace attune
