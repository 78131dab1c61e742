// Colour transform: a 3x4 transform per pixel, predicted at low resolution, upsampled and applied in one
// pass. The `affine` head ends with it, in training on tensors and in inference on the packed rows of a
// picture of any size.
//
// Forward, with T^ the bilinear upsampling of T at pixel p, rows of A[3x3] and then b[3], and x the image:
//
//     u     = (p + 1/2) scale - 1/2, clamped to [0, h - 1]; likewise along the width      half-pixel centres
//     T^(p) = the bilinear interpolation of T at u
//     y(p)  = x(p) + m(p) ( A^(p) (x(p) - 1/2) + b^(p) )
//
// scale = T cells per output pixel = (unpadded network size / T's stride) / (H, W), generally not h / H: the
// network's input is padded to its stride, and padded cells may be interpolated. T = 0 is the identity.
//
// Backward, with upstream dy and lambda(p, q) the weight of cell q in T^(p):
//
//     dT(q)   = sum_p lambda(p, q) m(p) ( dy_i(p) (x_j(p) - 1/2) for A_ij,  dy_i(p) for b_i )
//     dx_j(p) = dy_j(p) + m(p) sum_i A^_ij(p) dy_i(p)
//
// lambda is a product of a vertical and a horizontal factor, so dT sums over rows first and over columns
// then. The mask is data and gets no gradient.
//
// Degenerate cases: where m = 0, y is x to the bit, and packed rows are copied exactly, at any T that is
// finite. Cells that no pixel uses get dT = 0. h = 0 or w = 0 is an error where there are pixels.
//
// | argument   | shape         | dtype        |                                                             |
// | transform  | [N, h, w, 12] | f32, bf16    | in                                                          |
// | image, dy  | [N, H, W, 3]  | f32          | in; finite                                                  |
// | mask       | [N, H, W]     | f32          | in; 0..1, soft values blend                                 |
// | y          | [N, H, W, 3]  | f32          | out (overwrite); may be the image's own memory              |
// | dtransform | as transform  | as transform | overwrites or accumulates as dtransform_mode says           |
// | dimage     | [N, H, W, 3]  | f32          | overwrites or accumulates as dimage_mode says; may be dy's  |
// |            |               |              | own memory                                                  |
//
// Numbers: coordinates in f64, everything else in f32. The upsampled parameters are never stored. Deterministic on each
// device, for any number of threads: y and dimage are per pixel, and each cell of dT gathers its pixels in a fixed order.
// Errors: ErrorKind::argument on a shape, dtype, device or option that the table forbids; nothing is written then.
// Thread-safe for distinct contexts.
// Source: math.md, 6.
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/picture_rows.h"
#include "core/tensor.h"

namespace attune::color_transform {

// T cells per output pixel, > 0. Above 1 (T finer than the picture) is legal, but slower.
struct Options {
  float scale_y = 1, scale_x = 1;
};

struct Forward {
  ConstTensorView transform, image, mask;
  TensorView y;
};

struct Backward {
  ConstTensorView transform, image, mask, dy;
  TensorView dtransform;
  GradientMode dtransform_mode = GradientMode::overwrite;
  TensorView dimage = {};
  GradientMode dimage_mode = GradientMode::ignore;
};

void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);

// The same of a picture's samples v, by their packed rows:
//
//     h  = clamp(v + m ( A^ (v - peak / 2) + peak b^ ))     peak = 255, 65535 or 1
//     v' = round(v + strength (h - v))
//
// Clamped before it is mixed, so that what lies halfway lies halfway to what strength 1 gives: to 0..peak, and floats to
// what lies between these and v, so that a sample outside stays where T = 0. Halves round away from zero; floats are not
// rounded. Linear floats are encoded as sRGB for this and decoded afterwards, within 4e-6 there and back. Pixels of strength
// m = 0, and alpha everywhere, are copied exactly.
struct Rows : PictureRows {
  ConstTensorView transform;  // [h, w, 12], f32 or bf16
};

void apply_rows(Context& context, const Rows& rows, const Options& options);

// Scratch that forward, backward and apply_rows take from the context for a transform [N, h, w, 12] and an
// image [N, H, W, 3]; apply_rows as for N = 1 and H = row_end - row_begin.
std::int64_t workspace_bytes(const Shape& transform, const Shape& image, Device device);

Cost forward_cost(const Shape& transform, const Shape& image, DType dtype);
Cost backward_cost(const Shape& transform, const Shape& image, DType dtype, bool with_dimage = false);

// The bodies that are dispatched to after the checks.
namespace cpu {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
void apply_rows(Context& context, const Rows& rows, const Options& options);
std::int64_t workspace_bytes(const Shape& transform, const Shape& image);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
void apply_rows(Context& context, const Rows& rows, const Options& options);
}  // namespace cuda

}  // namespace attune::color_transform
