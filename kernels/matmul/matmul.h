// Fully connected map of rows with bias and activation: the projection heads of the contrastive loss.
//
// Forward:
//
//     y(r,o) = act( bias(o) + sum_c weights(o,c) x(r,c) )
//
// Backward, with upstream dy:
//
//     dz            = act'(y) dy          act' from y's sign alone: 1 where y > 0, the slope elsewhere
//     dx(r,c)       = sum_o weights(o,c) dz(r,o)
//     dweights(o,c) = sum_r dz(r,o) x(r,c)
//     dbias(o)      = sum_r dz(r,o)
//
// Without rows y and dx are empty; backward writes zeros where it overwrites dweights and dbias and leaves what
// it accumulates.
//
// | argument | shape    | dtype     |                                                                          |
// | x        | [R, Ci]  | f32, bf16 | in; aligned to its element; R may be 0, Ci not                            |
// | weights  | [Co, Ci] | f32       | in                                                                       |
// | rounded_ | as       | bf16      | in, for bf16 x: convolution::round_weights() of the weights, or an empty |
// |  weights | weights  |           | view; the result is the same                                             |
// | bias     | [Co]     | f32       | in                                                                       |
// | y        | [R, Co]  | as x      | out (overwrite); backward reads it, but without activation y may be      |
// |          |          |           | empty there                                                              |
// | dy       | as y     | as x      | in                                                                       |
// | dx       | as x     | as x      | as dx_mode says; empty where ignored                                     |
// | dweights | [Co, Ci] | f32       | as dweights_mode says, and dbias with it; empty where ignored            |
// | dbias    | [Co]     | f32       |                                                                          |
//
// No output may alias another argument. Every extent is below 2^31.
// Numbers, determinism and errors are convolution's (kernels/convolution/convolution.h), for the op IS a 1 x 1
// convolution. Its products are cuBLAS's on CUDA and oneDNN's on the CPU, where they are within 3 % of oneDNN's inner
// product or faster in all three, f32 and bf16 (2048 and 6144 rows, 16..256 -> 256, AVX-512); on AVX2 alone dweights
// takes 2.5 times as long.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"
#include "kernels/activation.h"

namespace attune::matmul {

struct Options {
  Activation activation = Activation::none;
  float slope = 0.2f;  // leaky_relu's, >= 0
};

struct Forward {
  ConstTensorView x, weights, bias;
  TensorView y;
  ConstTensorView rounded_weights = {};
};

struct Backward {
  ConstTensorView x, weights;
  ConstTensorView y;  // as forward wrote it
  ConstTensorView dy;
  TensorView dx;
  GradientMode dx_mode = GradientMode::overwrite;
  TensorView dweights, dbias;
  GradientMode dweights_mode = GradientMode::overwrite;
  ConstTensorView rounded_weights = {};
};

void forward(Context& context, const Forward& arguments, const Options& options = {});
void backward(Context& context, const Backward& arguments, const Options& options = {});

// The most scratch that forward, or backward in any mode, takes from a context with this many threads (0: all
// cores, as in Context); a graph reserves it ahead.
std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                             Device device, int threads = 0);

Cost forward_cost(const Shape& x, const Shape& weights, DType dtype);
Cost backward_cost(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                   GradientMode dx_mode = GradientMode::overwrite,
                   GradientMode dweights_mode = GradientMode::overwrite);

// The bodies that forward and backward dispatch to after their checks; there are rows.
namespace cpu {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                             int threads);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options);
}  // namespace cuda

}  // namespace attune::matmul
