// What attune does around the network, in ONNX operators: pictures [N, C, H, W] are scaled down, padded and cut, and the
// head's map is applied to all of a picture's pixels. Sizes are known only when the graph runs: tensors of two integers,
// height and width.
//
// Averaging and interpolation are products with a matrix for each axis, which the graph makes from the sizes. The
// matrices' entries are fractions of whole numbers: exact at any size, where positions in floats would lose a pixel's
// fractions.
#pragma once

#include "tools/export/onnx_writer.h"

namespace attune::tools {

OnnxValue size_of(const OnnxValue& picture);

// What the network sees of a picture of this size, as attune::network_size() has it.
OnnxValue network_size(const OnnxValue& size, std::int64_t inference_size);

// The average of the box under each pixel of the result, whose size is at most the picture's.
OnnxValue downscaled(const OnnxValue& picture, const OnnxValue& size);

// The last row and column repeated until the size is a multiple of `stride`.
OnnxValue padded(const OnnxValue& picture, std::int64_t stride);

// The upper left part.
OnnxValue cropped(const OnnxValue& picture, const OnnxValue& size);

// The average of each cell of `side` x `side` pixels.
OnnxValue cell_averages(const OnnxValue& picture, std::int64_t side);

// A mask whose values within resample::snap_distance of 0 or 1 are exactly that.
OnnxValue snapped(const OnnxValue& mask);

// Each channel doubled along both axes: bilinear, half-pixel centres, clamped edges.
OnnxValue doubled(const OnnxValue& features);

// What the affine head's map [N, 12, h, w] adds to a picture where its mask is 1: A (x - 1/2) + b. The map has a cell for
// `stride` pixels of what the network saw, which had the size `seen`.
OnnxValue color_change(const OnnxValue& map, const OnnxValue& picture, const OnnxValue& seen,
                       std::int64_t stride);

// The same of the blend head's map [N, 4, h, w].
OnnxValue blend_change(const OnnxValue& map, const OnnxValue& picture);

}  // namespace attune::tools
