#include "kernels/matmul/as_convolution.h"

namespace attune::matmul::cpu {

void forward(Context& context, const Forward& a, const Options& options) {
  convolution::cpu::forward(context, as_convolution(a), as_convolution(options));
}

void backward(Context& context, const Backward& a, const Options& options) {
  convolution::cpu::backward(context, as_convolution(a), as_convolution(options));
}

std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                             int threads) {
  return convolution::cpu::workspace_bytes(as_picture(x), as_kernel(weights), dtype, as_convolution(options),
                                           threads);
}

}  // namespace attune::matmul::cpu
