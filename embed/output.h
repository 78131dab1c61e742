// The network's result applied to all pixels of a caller's picture, however large it is.
#pragma once

#include "core/context.h"
#include "embed/monitor.h"
#include "embed/picture.h"

namespace attune {

struct Output {
  Head head = Head::affine;
  TensorView result;  // on the CPU: the affine head's map [h, w, 12], or a picture [height, width, 3] in sRGB
  color_transform::Options scale;  // of the map
  bool inverted = false;           // the background is recoloured
  float strength = 1;
};

// Writes the picture's output in bands of rows, which bound the memory beside it. A map's channels are put into the
// picture's order in place. Advances the monitor by `share`.
void write_output(Context& context, const Picture& picture, const Output& output, Monitor& monitor,
                  double share);

}  // namespace attune
