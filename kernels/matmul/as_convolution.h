// The rows are the pixels of one picture that is a pixel wide, and the product a 1 x 1 convolution of it. Private to this
// folder.
#pragma once

#include "kernels/convolution/convolution.h"
#include "kernels/matmul/matmul.h"

namespace attune::matmul {

inline Shape as_picture(const Shape& rows) { return {1, rows[0], 1, rows[1]}; }
inline Shape as_kernel(const Shape& weights) { return {weights[0], 1, 1, weights[1]}; }

// An argument that the caller left out stays so.
template <class View>
View as_picture(const View& rows) {
  return rows.empty() ? rows : rows.reshaped(as_picture(rows.shape));
}
template <class View>
View as_kernel(const View& weights) {
  return weights.empty() ? weights : weights.reshaped(as_kernel(weights.shape));
}

inline convolution::Options as_convolution(const Options& options) {
  convolution::Options result;
  result.padding = 0;
  result.activation = options.activation;
  result.slope = options.slope;
  return result;
}

inline convolution::Forward as_convolution(const Forward& a) {
  return {as_picture(a.x), as_kernel(a.weights), a.bias, as_picture(a.y), as_kernel(a.rounded_weights)};
}

inline convolution::Backward as_convolution(const Backward& a) {
  convolution::Backward result;
  result.x = as_picture(a.x);
  result.weights = as_kernel(a.weights);
  result.y = as_picture(a.y);
  result.dy = as_picture(a.dy);
  result.dx = as_picture(a.dx);
  result.dx_mode = a.dx_mode;
  result.dweights = as_kernel(a.dweights);
  result.dbias = a.dbias;
  result.dweights_mode = a.dweights_mode;
  result.rounded_weights = as_kernel(a.rounded_weights);
  return result;
}

}  // namespace attune::matmul
