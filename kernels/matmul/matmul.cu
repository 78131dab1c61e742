// A 1 x 1 convolution, whose products are cuBLAS's and whose passes around them are convolution's.
#include "kernels/matmul/as_convolution.h"

namespace attune::matmul::cuda {

void forward(Context& context, const Forward& a, const Options& options) {
  convolution::cuda::forward(context, as_convolution(a), as_convolution(options));
}

void backward(Context& context, const Backward& a, const Options& options) {
  convolution::cuda::backward(context, as_convolution(a), as_convolution(options));
}

std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options) {
  return convolution::cuda::workspace_bytes(as_picture(x), as_kernel(weights), dtype,
                                            as_convolution(options));
}

}  // namespace attune::matmul::cuda
