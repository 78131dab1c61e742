// Style fusion: normalizes a decoder's features region by region and gives the foreground the style of the encoder's
// background features, with the activation in the same pass. The harmonizer's decoder calls it at each level.
//
// Forward, with region weights w_f = m, w_b = 1 - m, x's own statistics (mu_r, sd_r) per image and channel as
// masked_style.h defines them, the external style (mu_e, sd_e) and a gate g = sigmoid(a), 0 or 1:
//
//     mu_s = g mu_e + (1 - g) mu_b          sd_s = g sd_e + (1 - g) sd_b
//     y_f  = gamma_f ( h_f sd_s + mu_s ) + beta_f          h_r = (x - mu_r) / sd_r
//     y_b  = gamma_b h_b + beta_b
//     y    = act( m y_f + (1 - m) y_b )                    act: leaky ReLU or none
//
// Backward, with upstream dy, d = act' dy (act' follows from y's sign, which is computed again from x; at 0 it is the
// slope), and four sums over an image's pixels p:
//
//     D_r = sum_p w_r d        H_r = sum_p w_r d h_r
//     dgamma_f = sum_n ( sd_s H_f + mu_s D_f )     dbeta_f = sum_n D_f     dgamma_b = sum_n H_b     dbeta_b = sum_n D_b
//     dmu_e = g gamma_f D_f      dsd_e = g gamma_f H_f
//     da    = g (1 - g) sum_n gamma_f ( D_f (mu_e - mu_b) + H_f (sd_e - sd_b) )
//     dx    = m       gamma_f sd_s / sd_f ( d - (D_f + h_f H_f) / W_f )
//           + (1 - m) ( gamma_b / sd_b ( d - (D_b + h_b H_b) / W_b ) + (1 - g) gamma_f ( D_f + h_b H_f ) / W_b )
//
// The last term is the foreground's gradient through the background's statistics. That through mu_r inside sd_r
// vanishes, as in masked_style.
//
// Degenerate cases: without background (W_b < masked_style::minimum_weight) there is no style to take, from x or from
// the encoder (whose mask is the same): the foreground keeps its own, y_f = gamma_f x + beta_f, and nothing flows to
// mu_e, sd_e or a. A region without weight has mu = 0, sd = 1, through which nothing flows.
//
// With Statistics::given forward reads mean, sd and weight instead of writing them: those of a larger picture of which x is a
// tile. What the tile itself holds of a region does not matter then.
//
// | argument               | shape        | dtype     |                                                              |
// | x, dy                  | [N, H, W, C] | f32, bf16 | in; finite; aligned to their elements                        |
// | mask                   | [N, H, W]    | f32       | in; 0..1                                                     |
// | external_mean, _sd     | [N, C]       | f32       | in; not read with Gate::internal (may be empty views)        |
// | gate                   | [C]          | f32       | in: a; read with Gate::learned only                          |
// | gamma_*, beta_*        | [C]          | f32       | in                                                           |
// | y                      | as x         | as x      | out (overwrite); may not alias x                             |
// | mean, sd, weight       | [2, N, C], [2, N, C], [2, N] | f32 | out of forward, into backward: x's own statistics  |
// | dx                     | as x         | as x      | out, as dx_mode says; may not alias x or dy                  |
// | dexternal_mean, _sd    | [N, C]       | f32       | out, as dexternal_mode says; ignored with Gate::internal     |
// | dgate                  | [C]          | f32       | out, as dparameters_mode says; with Gate::learned only       |
// | dgamma_*, dbeta_*      | [C]          | f32       | out, as dparameters_mode says                                |
//
// Numbers: f32 accumulation in runs of pixels that merge pairwise in a fixed order; x - mu is never multiplied out.
// Images go through both passes in groups that fit the cache, so that memory sees x (and dy) once. Deterministic for
// any number of threads. On CUDA an image of up to 1280 pixels (backward 640) with aligned vectors of channels stays on
// chip: memory sees each map once, in 1 launch (backward 2). A larger one is read twice, from L2 the second time where it
// fits, in 3 launches, two of them masked_style's (backward 4); one less where dx or the parameters are not asked for.
// Errors: ErrorKind::argument on a shape, dtype, device, eps < 0, slope outside 0..1 or a backward of given statistics;
// nothing is written then.
// Source: math.md, 2; g = 0 is RainNet's region-aware normalization (Ling et al., CVPR 2021), there with eps added to
// the divisors.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::style_fusion {

enum class Gate {
  learned,   // g = sigmoid(a)
  internal,  // g = 0
  external   // g = 1
};

enum class Statistics {
  own,   // x's
  given  // forward only
};

struct Options {
  float eps = 1e-5f;
  Gate gate = Gate::learned;
  bool leaky_relu = true;
  float slope = 0.2f;
  Statistics statistics = Statistics::own;
};

struct Forward {
  ConstTensorView x, mask;
  ConstTensorView external_mean, external_sd;
  ConstTensorView gate;
  ConstTensorView gamma_foreground, beta_foreground, gamma_background, beta_background;
  TensorView y;
  TensorView mean, sd, weight;
};

struct Backward {
  ConstTensorView x, mask;
  ConstTensorView external_mean, external_sd;
  ConstTensorView gate;
  ConstTensorView gamma_foreground, beta_foreground, gamma_background, beta_background;
  ConstTensorView mean, sd, weight;  // as forward wrote them
  ConstTensorView dy;
  TensorView dx;
  GradientMode dx_mode = GradientMode::overwrite;
  TensorView dexternal_mean, dexternal_sd;
  GradientMode dexternal_mode = GradientMode::overwrite;
  TensorView dgate;
  TensorView dgamma_foreground, dbeta_foreground, dgamma_background, dbeta_background;
  GradientMode dparameters_mode = GradientMode::overwrite;
};

void forward(Context& context, const Forward& arguments, const Options& options = {});
void backward(Context& context, const Backward& arguments, const Options& options = {});

// Scratch that forward and backward take from the context for feature maps of this shape.
std::int64_t workspace_bytes(const Shape& x, DType dtype, Device device);

Cost forward_cost(const Shape& x, DType dtype);
Cost backward_cost(const Shape& x, DType dtype);

// The bodies that forward and backward dispatch to after their checks.
namespace cpu {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
std::int64_t workspace_bytes(const Shape& x, DType dtype);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
std::int64_t workspace_bytes(const Shape& x);
}  // namespace cuda

}  // namespace attune::style_fusion
