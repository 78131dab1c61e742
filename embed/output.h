// The network's result applied to all pixels of a caller's picture, however large it is.
#pragma once

#include "core/context.h"
#include "embed/monitor.h"
#include "embed/picture.h"

namespace attune {

struct Output {
  Head head = Head::affine;
  // On the context's device: the affine head's map [h, w, 12], or the blend head's picture [height, width, 3] in sRGB.
  TensorView result;
  color_transform::Options scale;  // of the map
  bool inverted = false;           // the background is recoloured
  float strength = 1;
  const std::int32_t* enabled = nullptr;  // as PictureRows::enabled
};

// Writes the picture's output: on the CPU in bands of rows, between which the caller may cancel. Advances the monitor by
// `share`.
void write_output(Context& context, const Picture& picture, const Output& output, Monitor& monitor,
                  double share);

}  // namespace attune
