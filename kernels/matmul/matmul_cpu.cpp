// The rows are the pixels of one picture that is a pixel wide, and the product a 1 x 1 convolution of it.
#include "kernels/convolution/convolution.h"
#include "kernels/matmul/matmul.h"

namespace attune::matmul::cpu {

namespace {

Shape as_picture(const Shape& rows) { return {1, rows[0], 1, rows[1]}; }
Shape as_kernel(const Shape& weights) { return {weights[0], 1, 1, weights[1]}; }

// An argument that the caller left out stays so.
template <class View>
View as_picture(const View& rows) {
  return rows.empty() ? rows : rows.reshaped(as_picture(rows.shape));
}
template <class View>
View as_kernel(const View& weights) {
  return weights.empty() ? weights : weights.reshaped(as_kernel(weights.shape));
}

convolution::Options convolution_options(const Options& options) {
  convolution::Options result;
  result.padding = 0;
  result.activation = options.activation;
  result.slope = options.slope;
  return result;
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  convolution::cpu::forward(context, {as_picture(a.x), as_kernel(a.weights), a.bias, as_picture(a.y)},
                            convolution_options(options));
}

void backward(Context& context, const Backward& a, const Options& options) {
  convolution::Backward arguments;
  arguments.x = as_picture(a.x);
  arguments.weights = as_kernel(a.weights);
  arguments.y = as_picture(a.y);
  arguments.dy = as_picture(a.dy);
  arguments.dx = as_picture(a.dx);
  arguments.dx_mode = a.dx_mode;
  arguments.dweights = as_kernel(a.dweights);
  arguments.dbias = a.dbias;
  arguments.dweights_mode = a.dweights_mode;
  convolution::cpu::backward(context, arguments, convolution_options(options));
}

std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                             int threads) {
  return convolution::cpu::workspace_bytes(as_picture(x), as_kernel(weights), dtype,
                                           convolution_options(options), threads);
}

}  // namespace attune::matmul::cpu
