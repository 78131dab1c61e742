// A model as an ONNX graph that does all that attune does to a float picture in sRGB, at strength 1:
//
//     (composite [N, 3, H, W], mask [N, 1, H, W]) -> harmonized [N, 3, H, W]       all in 0..1; N, H, W differ from run to run
//
// With the affine head that includes scaling down to the inference size and applying the map at full size, with either
// head padding, and that a picture whose mask is all 1 stays as it is. Sums are a runtime's own: what it computes agrees
// with attune within rounding.
#pragma once

#include <string>

#include "embed/model.h"

namespace attune::tools {

// The file's bytes.
std::string harmonizer_onnx(const Model& model);

}  // namespace attune::tools
