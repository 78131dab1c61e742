#include <algorithm>

#include "kernels/convolution/cublas.h"
#include "kernels/convolution/cudnn.h"
#include "kernels/convolution/library.h"

namespace attune::convolution::library {

namespace {

using cudnn::Pass;

std::int64_t pixels_of(const Problem& p) { return p.batch * p.height * p.width; }

cublas::Product product(const Problem& p, std::int64_t rows, std::int64_t columns, std::int64_t depth) {
  return {rows, columns, depth, false, false, p.dtype, false, Activation::none};
}

void require_algorithm(bool found, const char* what) {
  require(found, ErrorKind::device, "convolution: cuDNN has no deterministic algorithm for ", what);
}

}  // namespace

std::int64_t scratch_bytes(const Problem& problem) {
  return problem.is_pointwise() ? cublas::scratch_bytes : cudnn::scratch_bytes;
}

bool forward(Context& context, const Problem& p, const void* x, const void* weights, const float* bias,
             void* y, void* scratch) {
  if (p.is_pointwise()) {
    // y^T [outputs, pixels] = weights x^T
    cublas::Product y_transposed = product(p, p.outputs, pixels_of(p), p.inputs);
    y_transposed.transposes_a = true;
    y_transposed.adds_bias = p.dtype == DType::f32 && p.activation != Activation::leaky_relu;
    y_transposed.activation = p.activation;
    cublas::multiply(context, y_transposed, weights, x, bias, y, scratch);
    return y_transposed.adds_bias;
  }
  const cudnn::Arrays arrays = {x, weights, y, bias};
  // The engines that fuse f32 without tensor cores reach 1 to 3 % of an H200's peak, the others 15 to 25 %.
  if (p.dtype != DType::f32 && cudnn::run(context, p, Pass::fused_forward, arrays, scratch)) return true;
  require_algorithm(cudnn::run(context, p, Pass::forward, arrays, scratch), "forward");
  return false;
}

void data_gradient(Context& context, const Problem& p, const void* dz, const void* weights, void* dx,
                   void* scratch) {
  if (p.is_pointwise()) {
    // dx^T [inputs, pixels] = weights^T dz^T
    const cublas::Product dx_transposed = product(p, p.inputs, pixels_of(p), p.outputs);
    return cublas::multiply(context, dx_transposed, weights, dz, nullptr, dx, scratch);
  }
  require_algorithm(cudnn::run(context, p, Pass::data, {dx, weights, dz, nullptr}, scratch), "dx");
}

void weights_gradient(Context& context, const Problem& p, const void* x, const void* dz, void* dweights,
                      void* scratch) {
  if (p.is_pointwise()) {
    // dweights^T [inputs, outputs] = x^T dz
    cublas::Product dweights_transposed = product(p, p.inputs, p.outputs, pixels_of(p));
    dweights_transposed.transposes_b = true;
    return cublas::multiply(context, dweights_transposed, x, dz, nullptr, dweights, scratch);
  }
  require_algorithm(cudnn::run(context, p, Pass::weights, {x, dweights, dz, nullptr}, scratch), "dweights");
}

}  // namespace attune::convolution::library
