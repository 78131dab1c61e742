// Convolution of feature maps with bias and activation: every learned map of the harmonizer's encoder and
// decoder, and (as 1 x 1) of its heads.
//
// Forward, over output pixels (i, j), kernel taps (u, v) and input channels c; x is 0 outside the picture:
//
//     y(n,i,j,o) = act( bias(o) + sum_{u,v,c} weights(o,u,v,c) x(n, i s - p + u d, j s - p + v d, c) )
//     Ho = floor((H + 2 p - d (kh - 1) - 1) / s) + 1,   s stride, p padding, d dilation;   Wo likewise
//
// Backward, with upstream dy:
//
//     dz            = act'(y) dy          act' from y's sign alone: 1 where y > 0, the slope elsewhere
//     dx(n,h,w,c)   = sum over o and the (u, v, i, j) with i s - p + u d = h, j s - p + v d = w
//                     of weights(o,u,v,c) dz(n,i,j,o)
//     dweights(o,u,v,c) = sum_{n,i,j} dz(n,i,j,o) x(n, i s - p + u d, j s - p + v d, c)
//     dbias(o)      = sum_{n,i,j} dz(n,i,j,o)
//
// Degenerate cases: a batch or picture without pixels, or a window that does not fit into the padded picture,
// has an output without pixels; backward then writes zeros where it overwrites and leaves what it accumulates.
//
// | argument | shape            | dtype     |                                                                   |
// | x        | [N, H, W, Ci]    | f32, bf16 | in; NHWC, aligned to its element; N, H, W may be 0, Ci not        |
// | weights  | [Co, kh, kw, Ci] | f32       | in                                                                |
// | rounded_ | as weights       | bf16      | in, for bf16 activations: round_weights() of them, where the      |
// |  weights |                  |           | caller has it; an empty view where not. The result is the same    |
// | bias     | [Co]             | f32       | in                                                                |
// | y        | [N, Ho, Wo, Co]  | as x      | out (overwrite); backward reads it, but without activation y may  |
// |          |                  |           | be empty there                                                    |
// | dy       | as y             | as x      | in                                                                |
// | dx       | as x             | as x      | as dx_mode says; empty where ignored                              |
// | dweights | as weights       | f32       | as dweights_mode says, and dbias with it; empty where ignored     |
// | dbias    | [Co]             | f32       |                                                                   |
//
// No output may alias another argument. Every extent is below 2^31.
// Numbers: sums in f32; with bf16 activations the weights are rounded to bf16 for the products and dweights stays
// f32. Equal inputs give equal bits for an equal number of threads; another number may cut the sums of dweights and
// dbias elsewhere. Where the CPU has no AVX-512, bf16 is widened to f32 scratch and computed there.
// Errors: ErrorKind::argument on a shape, dtype, device or option that differs from the table, nothing is written
// then; ErrorKind::device where oneDNN fails.
// Thread-safe for distinct contexts.
// The CPU bodies are oneDNN's, on NHWC activations as they are. Its weights have to be packed first: on plain ones it
// falls back to a reference loop a thousand times slower. Packing costs below 3 % of a call in training. All shapes run on its
// vector kernels, but two lose: backward with stride and dilation together (im2col, 10 GFLOP/s), and dx for 4 channels
// (it computes 16), which the stem never needs.
// On CUDA the products are cuDNN's, for 1 x 1 windows cuBLAS's, with a deterministic algorithm chosen at a problem's first
// call and kept in the context: that call allocates, the others do not. Bias and activation are fused where the library
// offers it, else they are one pass over y; one pass over y and dy makes dz and dbias. Adding to dx, or to dweights,
// goes through scratch; so do bf16's dweights, which are rounded to bf16 once. Without rounded_weights (or with ones that
// are no vector's multiple from 0) each call rounds the weights in a launch of its own, in scratch.
#pragma once

#include <functional>

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"
#include "kernels/activation.h"

namespace attune::convolution {

struct Options {
  int stride = 1;
  int padding = 1;
  int dilation = 1;
  Activation activation = Activation::none;
  float slope = 0.2f;  // leaky_relu's, >= 0
};

struct Forward {
  ConstTensorView x, weights, bias;
  TensorView y;
  ConstTensorView rounded_weights = {};
  const void* packed_weights = nullptr;  // as pack_weights() left them, for the same x, dtype and options
  // On the CPU, of one picture: called between bands of rows that take some 20 ms. What it throws leaves y unfinished.
  const std::function<void()>* pause = nullptr;
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

// The shape of y. Throws ErrorKind::argument where x and weights do not fit or an option is out of range.
Shape output_shape(const Shape& x, const Shape& weights, const Options& options);

void forward(Context& context, const Forward& arguments, const Options& options = {});
void backward(Context& context, const Backward& arguments, const Options& options = {});

// The weights as forward's product reads them, for callers that run it many times on the same ones: packing them anew at
// each call takes a sixth of the time of a network on one picture of 256 x 256. `packed` has packed_bytes(), is aligned to
// 64 bytes and holds for contexts with as many threads. On CUDA there is nothing to pack: 0 bytes.
std::int64_t packed_bytes(Context& context, const Shape& x, const Shape& weights, DType dtype,
                          const Options& options);
void pack_weights(Context& context, const Shape& x, ConstTensorView weights, DType dtype,
                  const Options& options, void* packed);

// rounded = weights, to the nearest bf16, ties to even; both [n]: all of a network's in one pass.
void round_weights(Context& context, ConstTensorView weights, TensorView rounded);

// The most scratch that forward, or backward in any mode, takes from a context with this many threads (0: all
// cores, as in Context); a graph reserves it ahead.
std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                             Device device, int threads = 0);
// Forward's alone, for inference plans.
std::int64_t forward_workspace_bytes(const Shape& x, const Shape& weights, DType dtype,
                                     const Options& options, Device device, int threads = 0);

// Taps that fall on the padding count as work.
Cost forward_cost(const Shape& x, const Shape& weights, DType dtype, const Options& options);
Cost backward_cost(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                   GradientMode dx_mode = GradientMode::overwrite,
                   GradientMode dweights_mode = GradientMode::overwrite);

// The bodies that forward and backward dispatch to after their checks; y has pixels.
namespace cpu {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
void round_weights(Context& context, ConstTensorView weights, TensorView rounded);
std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options,
                             int threads);
std::int64_t forward_workspace_bytes(const Shape& x, const Shape& weights, DType dtype,
                                     const Options& options, int threads);
std::int64_t packed_bytes(Context& context, const Shape& x, const Shape& weights, DType dtype,
                          const Options& options);
void pack_weights(Context& context, const Shape& x, ConstTensorView weights, DType dtype,
                  const Options& options, void* packed);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
void round_weights(Context& context, ConstTensorView weights, TensorView rounded);
std::int64_t workspace_bytes(const Shape& x, const Shape& weights, DType dtype, const Options& options);
std::int64_t forward_workspace_bytes(const Shape& x, const Shape& weights, DType dtype,
                                     const Options& options);
}  // namespace cuda

}  // namespace attune::convolution
