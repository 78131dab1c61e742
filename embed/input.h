// What the network sees of a caller's picture.
#pragma once

#include "core/context.h"
#include "embed/monitor.h"
#include "embed/picture.h"

namespace attune {

// composite [height, width, 3] in sRGB's 0..1, red first, and mask [height, width], both f32, of the network's size; all on
// the context's device. With `inverted`, the mask is of the background. Advances the monitor by `share`.
// On a CUDA device `has_background` is set to 1 where the mask has any, else left as it is.
// On the CPU it is null, and a picture that holds what is no finite number is refused with ErrorKind::argument.
void load_input(Context& context, const Picture& picture, bool inverted, const TensorView& composite,
                const TensorView& mask, std::int32_t* has_background, Monitor& monitor, double share);

}  // namespace attune
