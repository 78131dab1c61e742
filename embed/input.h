// What the network sees of a caller's picture.
#pragma once

#include "core/context.h"
#include "embed/monitor.h"
#include "embed/picture.h"

namespace attune {

// Of the network's size, f32, all on one device.
struct NetworkInput {
  TensorView composite;  // [height, width, 3], in sRGB's 0..1, red first
  TensorView mask;       // [height, width]
  TensorView shares;     // as the mask: scratch; may be empty where nothing is ignored
};

// With `inverted`, the mask is of the background. Advances the monitor by `share`.
// On a CUDA device `has_background` is set to 1 where the mask has any, else left as it is; it may be null.
// On the CPU it is null, and a picture that holds what is no finite number is refused with ErrorKind::argument.
void load_input(Context& context, const Picture& picture, bool inverted, const NetworkInput& input,
                std::int32_t* has_background, Monitor& monitor, double share);

}  // namespace attune
