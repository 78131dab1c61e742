// Masked style statistics: mean and standard deviation per channel of a feature map's foreground and
// background, both from one pass. Style fusion normalizes with them and takes the encoder's background style
// from them.
//
// Forward, with region weights w_0 = m (foreground) and w_1 = 1 - m (background), p over the pixels of image
// n:
//
//     W_r   = sum_p w_r(p)
//     mu_r  = sum_p w_r(p) x(p) / W_r
//     var_r = sum_p w_r(p) (x(p) - mu_r)^2 / W_r                 biased, as in instance normalization
//     sd_r  = sqrt(var_r + eps)
//
// Backward, with upstream dmu_r and dsd_r:
//
//     dx(p) = sum_r w_r(p) / W_r ( dmu_r + dsd_r (x(p) - mu_r) / sd_r )
//
// The path through mu_r inside var_r vanishes because sum_p w_r (x - mu_r) = 0, exact only because mean and
// variance divide by the same W_r with nothing added. The mask is data and gets no gradient.
//
// Degenerate cases: a region with W_r < minimum_weight has mu = 0, sd = 1, and no gradient flows through it;
// an empty or a full mask is ordinary input. Without pixels (H W = 0) both regions are such. A NaN in x makes
// its own image's statistics NaN, nothing else.
//
// | argument   | shape        | dtype     |                                                              |
// | x          | [N, H, W, C] | f32, bf16 | in; finite; aligned to its element; C, N, H, W may be 0      |
// | mask       | [N, H, W]    | f32       | in; 0..1, soft values are legal                              |
// | mean, sd   | [2, N, C]    | f32       | out (overwrite); region 0 foreground, 1 background           |
// | weight     | [2, N]       | f32       | out (overwrite): W_r; backward and style fusion read it      |
// | dmean, dsd | [2, N, C]    | f32       | in                                                           |
// | dx         | as x         | as x      | overwrites or accumulates as dx_mode says; may alias x: no   |
//
// Numbers: f32 accumulation, shifted by the region's first pixel in each run and merged pairwise by Chan's formula in
// a fixed order, so that mean 1e4 with sd 1 keeps its digits. Deterministic for any number of threads: the runs
// depend on the shape alone.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table; nothing is written then.
// Thread-safe for distinct contexts.
// Source: math.md, 1; Ling et al., RainNet (CVPR 2021) has eps in the divisors as well, deliberately not here.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::masked_style {

inline constexpr float minimum_weight = 1e-3f;

struct Options {
  float eps = 1e-5f;
};

struct Forward {
  ConstTensorView x, mask;
  TensorView mean, sd, weight;
};

struct Backward {
  ConstTensorView x, mask;
  ConstTensorView mean, sd, weight;  // as forward wrote them
  ConstTensorView dmean, dsd;
  TensorView dx;
  GradientMode dx_mode = GradientMode::overwrite;
};

void forward(Context& context, const Forward& arguments, const Options& options = {});
void backward(Context& context, const Backward& arguments);

// Scratch that forward takes from the context for feature maps of this shape; a graph reserves it ahead.
std::int64_t workspace_bytes(const Shape& x, Device device);

Cost forward_cost(const Shape& x, DType dtype);
Cost backward_cost(const Shape& x, DType dtype);

// The bodies that forward and backward dispatch to after their checks.
namespace cpu {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments);
std::int64_t workspace_bytes(const Shape& x);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments);
std::int64_t workspace_bytes(const Shape& x);
}  // namespace cuda

}  // namespace attune::masked_style
