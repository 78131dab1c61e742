// What the network sees of a caller's picture.
#pragma once

#include "core/context.h"
#include "embed/monitor.h"
#include "embed/picture.h"

namespace attune {

// composite [height, width, 3] in sRGB's 0..1, red first, and mask [height, width], both f32 on the CPU, of the network's
// size. With `inverted`, the mask is of the background. Advances the monitor by `share`.
// Throws ErrorKind::argument where the picture holds what is no finite number.
void load_input(const Context& context, const Picture& picture, bool inverted, const TensorView& composite,
                const TensorView& mask, Monitor& monitor, double share);

}  // namespace attune
