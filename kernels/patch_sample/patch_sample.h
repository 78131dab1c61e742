// Patch sampling: draws K pixel positions of one region of every image, and gathers the features there. The
// region-wise contrastive loss compares what it gathers; scatter is the gather's backward.
//
// Draw. Candidates are the pixels p of image n with m(p) >= 0.5 (foreground) or m(p) < 0.5 (background). Each
// has a key
//
//     key(p) = word 0 of Philox 4x32-10( key = seed; counter = p, first_image + n, step, 256 level + set )
//
// and the K smallest keys win, ties by p, in that order: a uniform choice without replacement, and a pure
// function of its arguments. It does not depend on the batch that an image is in, the threads or the device:
// bit for bit.
//
//     indices(n, k) = the pixel of the k-th smallest key, k < count(n) = min(K, candidates)
//     indices(n, k) = indices(n, k mod count(n)),         k >= count(n) > 0
//     indices(n, k) = -1, no pixel,                       count(n) = 0
//
// Gather.   z(n, k, c)  = x(n, indices(n, k), c), and 0 where the index is -1
// Scatter.  dx(n, p, c) = sum over k < count(n) with indices(n, k) = p of dz(n, k, c)
//
// The rows k >= count(n) only repeat earlier ones so that memory is defined. Whoever reads z must give them
// no weight (patch_infonce does not read them and writes 0 to their gradients); then scatter is the gather's
// exact adjoint. Without `count` every row counts. Equal indices are legal: their rows are summed in the
// order of k.
//
// | argument | shape        | dtype     |                                                               |
// | mask     | [N, H, W]    | f32       | in; a NaN belongs to neither region                           |
// | indices  | [N, K]       | i32       | draw: out (overwrite); else in: -1 or a pixel h W + w < H W   |
// | count    | [N]          | i32       | draw: out (overwrite); scatter: in, 0..K, or an empty view    |
// | x, dx    | [N, H, W, C] | f32, bf16 | in; dx overwrites (all of it) or accumulates as dx_mode says  |
// | z, dz    | [N, K, C]    | as x      | out (overwrite); in                                           |
//
// Numbers: gather copies bits; scatter sums equal indices in f32 in a fixed order and rounds once: deterministic.
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table, on H W > 2^31 - 1, and on
// options outside their ranges; nothing is written then.
// Thread-safe for distinct contexts.
// Source: math.md, 3.
#pragma once

#include <span>

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::patch_sample {

enum class Region : std::uint8_t { foreground, background };

struct Options {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  std::int64_t first_image = 0;  // the global index of image 0; all images' indices are below 2^32
  std::int32_t level = 0;        // 0..2^24 - 1
  std::int32_t set = 0;          // 0..255: tells the draws of one step and level apart
  Region region = Region::foreground;
};

struct Draw {
  ConstTensorView mask;
  TensorView indices, count;
};

struct Gather {
  ConstTensorView x, indices;
  TensorView z;
};

struct Scatter {
  ConstTensorView dz, indices, count;
  TensorView dx;
  GradientMode dx_mode = GradientMode::overwrite;
};

// One of several draws, of any sizes and options; so many at most, which a launch's parameters hold with ease.
inline constexpr std::size_t most_draws = 32;
struct SeededDraw {
  Draw arguments;
  Options options;
};

void draw(Context& context, const Draw& arguments, const Options& options);
// Each as the function above; on CUDA they share its two launches: alone they are too small to fill a GPU.
void draw(Context& context, std::span<const SeededDraw> draws);
void gather(Context& context, const Gather& arguments);
void scatter(Context& context, const Scatter& arguments);

// Scratch that one draw takes from the context for `samples` rows of each image of `pixels` pixels, several the sum of
// theirs; a graph reserves it ahead.
std::int64_t workspace_bytes(std::int64_t images, std::int64_t pixels, std::int64_t samples, Device device);

// mask [N, H, W] -> K positions an image.
Cost draw_cost(const Shape& mask, std::int64_t samples);
// z [N, K, C]: the rows are read and written once.
Cost gather_cost(const Shape& z, DType dtype);
// dz is read and all of dx written; accumulating reads and writes the drawn rows of dx alone.
Cost scatter_cost(const Shape& dz, const Shape& dx, DType dtype,
                  GradientMode dx_mode = GradientMode::overwrite);

// The bodies that the functions above dispatch to after their checks.
namespace cpu {
void draw(Context& context, const Draw& arguments, const Options& options);
void gather(Context& context, const Gather& arguments);
void scatter(Context& context, const Scatter& arguments);
std::int64_t workspace_bytes(std::int64_t images, std::int64_t samples);
}  // namespace cpu
namespace cuda {
void draw(Context& context, std::span<const SeededDraw> draws);
void gather(Context& context, const Gather& arguments);
void scatter(Context& context, const Scatter& arguments);
std::int64_t workspace_bytes(std::int64_t images, std::int64_t pixels);
}  // namespace cuda

}  // namespace attune::patch_sample
