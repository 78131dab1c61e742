// The reconstruction loss L_rec: how far a harmonized picture is from the real one, normalized by the
// foreground's area so that a small foreground counts as much as a large one. losses/ and the trainer use it.
//
// Forward, per image n over its pixels p and the 3 channels c, with d = prediction - target:
//
//     area_n = max( sum_p m(p), minimum_area_fraction H W )
//     E_n    = sum_{p, c} d^2 / (3 area_n)              squared, robust, logarithmic
//     E_n    = sum_{p, c} |d| / (3 area_n)              absolute
//     l_n    = E_n                                      squared, absolute
//     l_n    = sqrt(E_n + 1e-4) - 1e-2                  robust: grows like |d| where E_n >> 1e-4; 0 at 0
//     l_n    = 1e-2 log(1 + E_n / 1e-4)                 logarithmic: 0.0023 a decibel of fPSNR where E_n >> 1e-4
//     loss   = mean_n l_n
//
// The sum runs over all pixels, as in iDIH: outside the mask the harmonizer returns its input, so that d = 0
// there.
//
// Backward, with upstream dloss:
//
//     dprediction = dloss / N l'(E_n)  2 d / (3 area_n)    squared: l' = 1; robust: l' = 1 / (2 (l_n + 1e-2))
//                                                          logarithmic: l' = 1e2 exp(-1e2 l_n)
//     dprediction = dloss / N sign(d) / (3 area_n)         absolute; sign(0) = 0
//
// The mask is data and gets no gradient; nor does the target.
//
// Degenerate cases: an empty mask has the minimum area. No images: loss = 0. No pixels: l_n = 0.
//
// | argument           | shape        | dtype |                                                          |
// | prediction, target | [N, H, W, 3] | f32   | in; finite; aligned to the element, as are all below     |
// | mask               | [N, H, W]    | f32   | in; 0..1, soft values are legal                          |
// | loss               | [1]          | f32   | out (overwrites)                                         |
// | per_image          | [N]          | f32   | out (overwrites): l_n; backward reads it                 |
// | area               | [N]          | f32   | out (overwrites): area_n; backward reads it              |
// | dloss              | [1]          | f32   | in, on the device                                        |
// | dprediction        | [N, H, W, 3] | f32   | overwrites or accumulates as the mode says; no alias     |
//
// Numbers: f32 sums within a run of 4096 pixels (on a GPU, of a thread's pixels), in double across runs, in a fixed
// order: deterministic for any number of threads. Forward reads its inputs once; backward needs neither the mask nor a reduction.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table, or a minimum_area_fraction
// outside (0, 1]; nothing is written then.
// Thread-safe for distinct contexts.
// Source: math.md, 5; Sofiiuk et al., Foreground-aware Semantic Representations for Image Harmonization (iDIH, WACV
// 2021), whose area_min is 100 pixels at 256x256.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::reconstruction {

enum class Penalty : std::uint8_t { squared, robust, absolute, logarithmic };

// The constants of the robust and the logarithmic penalty: both are smooth and 0 at 0.
inline constexpr double robust_offset = 1e-4;
inline constexpr double robust_root = 1e-2;  // sqrt(robust_offset)

struct Options {
  Penalty penalty = Penalty::squared;
  float minimum_area_fraction = 100.0f / 65536.0f;
};

struct Forward {
  ConstTensorView prediction, target, mask;
  TensorView loss, per_image, area;
};

struct Backward {
  ConstTensorView prediction, target;
  ConstTensorView per_image, area;  // as forward wrote them
  ConstTensorView dloss;
  TensorView dprediction;
  GradientMode dprediction_mode = GradientMode::overwrite;
};

void forward(Context& context, const Forward& arguments, const Options& options = {});
void backward(Context& context, const Backward& arguments, const Options& options = {});

// Scratch that forward takes from the context for pictures of this shape; a graph reserves it ahead.
std::int64_t workspace_bytes(const Shape& prediction, Device device);

Cost forward_cost(const Shape& prediction, DType dtype);
Cost backward_cost(const Shape& prediction, DType dtype);

// The bodies that forward and backward dispatch to after their checks.
namespace cpu {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
std::int64_t workspace_bytes(const Shape& prediction);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
std::int64_t workspace_bytes(const Shape& prediction);
}  // namespace cuda

}  // namespace attune::reconstruction
