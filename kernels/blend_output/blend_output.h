// The `blend` head: the network's last map becomes a picture and a blending map, and blends with the image in
// the mask.
//
// Forward, with a = sigmoid(h_3), rgb_c = h_c + 1/2 and the image x:
//
//     y_c = m (a rgb_c + (1 - a) x_c) + (1 - m) x_c = x_c + m a (rgb_c - x_c)
//
// Backward, with upstream dy:
//
//     dh_c = m a dy_c
//     dh_3 = m a (1 - a) sum_c dy_c (rgb_c - x_c)         sigmoid' = a (1 - a)
//     dx_c = (1 - m a) dy_c
//
// h may be larger than the image (the network pads to its stride): cells below H and right of W are not read,
// and their dh is 0. Where m = 0, y is x to the bit. The mask is data and gets no gradient.
//
// | argument  | shape          | dtype     |                                                                |
// | h         | [N, Hp, Wp, 4] | f32, bf16 | in; Hp >= H, Wp >= W                                           |
// | image, dy | [N, H, W, 3]   | f32       | in                                                             |
// | mask      | [N, H, W]      | f32       | in; 0..1, soft values blend                                    |
// | y         | [N, H, W, 3]   | f32       | out (overwrite); may be the image's own memory                 |
// | dh        | as h           | as h      | overwrites or accumulates as dh_mode says                      |
// | dimage    | [N, H, W, 3]   | f32       | overwrites or accumulates as dimage_mode says; may be dy's     |
// |           |                |           | own memory                                                     |
//
// Numbers: f32; |h_3| counts as at most 80, where sigmoid is 1 or below 1e-34. Per pixel: deterministic for any
// number of threads.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table; nothing is written then.
// Thread-safe for distinct contexts. No scratch.
// Source: the blending of iDIH (Sofiiuk et al., WACV 2021).
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::blend_output {

struct Forward {
  ConstTensorView h, image, mask;
  TensorView y;
};

struct Backward {
  ConstTensorView h, image, mask, dy;
  TensorView dh;
  GradientMode dh_mode = GradientMode::overwrite;
  TensorView dimage = {};
  GradientMode dimage_mode = GradientMode::ignore;
};

void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);

// `h` is [N, Hp, Wp, 4], `image` is [N, H, W, 3].
Cost forward_cost(const Shape& image, DType dtype);
Cost backward_cost(const Shape& h, const Shape& image, DType dtype, bool with_dimage = false);

// The bodies that forward and backward dispatch to after their checks.
namespace cpu {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments);
void backward(Context& context, const Backward& arguments);
}  // namespace cuda

}  // namespace attune::blend_output
