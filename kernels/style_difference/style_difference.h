// Style difference: how a foreground's style differs from its background's, over several feature maps, as one row a
// picture. The head predicts from it the part of the colour transform that is the same for the whole foreground.
//
// Forward, from masked_style's statistics (mu, sd) of both regions f and b, for maps l = 0, 1, .. of C_l channels that
// start at column o_l = 4 (C_0 + .. + C_{l-1}):
//
//     y[n, o_l         + c] = d = (mu_f - mu_b) / (sd_f + sd_b)
//     y[n, o_l +   C_l + c] = log(sd_f / sd_b)
//     y[n, o_l + 2 C_l + c] = mu_b
//     y[n, o_l + 3 C_l + c] = log(sd_b)
//
// The first two do not depend on the scale of a feature, which no normalization fixes in the encoder: a predictor learns
// from them at once.
//
// Backward, with upstream dy in the same four parts (g_d, g_r, g_m, g_s) and s = sd_f + sd_b:
//
//     dmu_f =  g_d / s            dsd_f = -g_d d / s + g_r / sd_f
//     dmu_b = -g_d / s + g_m      dsd_b = -g_d d / s + (g_s - g_r) / sd_b
//
// Degenerate cases: a map of which a region has W < masked_style::minimum_weight gives zeros, and no gradient flows
// through it.
//
// | argument   | shape       | dtype |                                                                    |
// | mean, sd   | [2, N, C_l] | f32   | in; of each map: region 0 foreground, 1 background; sd > 0         |
// | weight     | [2, N]      | f32   | in; of each map: W as masked_style wrote it                        |
// | y, dy      | [N, 1, 4 C] | f32   | out (overwrite); in. C is the sum of all C_l                       |
// | dmean, dsd | as mean     | f32   | of each map: overwritten or accumulated as the map's mode says     |
//
// No output may alias an input. 1 to max_maps maps.
// Numbers: each element by itself: deterministic. Errors: ErrorKind::argument on a shape, dtype or device that differs
// from the table; nothing is written then. Thread-safe for distinct contexts. No scratch.
#pragma once

#include <array>

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::style_difference {

inline constexpr int max_maps = 8;  // the levels of the deepest network

struct Map {
  ConstTensorView mean, sd, weight;
};

struct MapGradient {
  TensorView mean, sd;
  GradientMode mode = GradientMode::overwrite;
};

struct Forward {
  std::array<Map, max_maps> maps;
  int count = 0;  // of the maps
  TensorView y;
};

struct Backward {
  std::array<Map, max_maps> maps;
  int count = 0;
  ConstTensorView dy;
  std::array<MapGradient, max_maps> gradients;
};

void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);

// Of rows [N, 1, 4 C].
Cost forward_cost(const Shape& y);
Cost backward_cost(const Shape& y);

// The bodies that are dispatched to after the checks.
namespace cpu {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
}  // namespace cuda

}  // namespace attune::style_difference
