// A convolution as a library is asked for it: the key by which the context keeps what was made for it. Private to this
// folder.
#pragma once

#include <compare>

#include "kernels/convolution/convolution.h"

namespace attune::convolution {

struct Problem {
  Problem(const Shape& x, const Shape& weights, const Options& options, DType dtype_)
      : batch(x[0]),
        inputs(x[3]),
        height(x[1]),
        width(x[2]),
        outputs(weights[0]),
        kernel_height(weights[1]),
        kernel_width(weights[2]),
        stride(options.stride),
        padding(options.padding),
        padding_top(options.padding),
        padding_bottom(options.padding),
        dilation(options.dilation),
        activation(options.activation),
        slope(negative_slope(options.activation, options.slope)),
        dtype(dtype_) {
    const Shape y = output_shape(x, weights, options);
    output_height = y[1];
    output_width = y[2];
  }
  auto operator<=>(const Problem&) const = default;

  // A product of matrices: each pixel of y comes from the pixel of x at the same place.
  bool is_pointwise() const { return kernel_height == 1 && kernel_width == 1 && stride == 1 && padding == 0; }

  std::int64_t batch, inputs, height, width;
  std::int64_t outputs, kernel_height, kernel_width;
  std::int64_t output_height, output_width;
  std::int64_t stride, padding, padding_top, padding_bottom, dilation;  // `padding` left and right
  Activation activation;
  float slope;
  DType dtype;  // of x, y and their gradients: f32 or bf16
};

}  // namespace attune::convolution
