// Forward: each block sums a slab of one image's elements and mask, a thread's share in f32 and the rest in double, and
// writes one partial; one block merges an image's slabs in a warp and the images' losses in order. Backward is elementwise.
#include "kernels/reconstruction/reconstruction.h"

#include "core/cuda/element_type.h"
#include "core/cuda/flat_grid.cuh"
#include "core/cuda/launch.cuh"
#include "core/cuda/reduce.cuh"
#include "core/cuda/vector.cuh"
#include "core/cuda/walk_pixels.cuh"
#include "core/parallel.h"
#include "kernels/reconstruction/penalty.h"

namespace attune::reconstruction::cuda {

namespace {

using namespace attune::cuda;

// Vectors of each picture that a thread has in flight.
constexpr int batch = 2;
// Fewer vectors a thread would spend more on merging than on the pictures; more would cost an f32 sum digits.
constexpr std::int64_t vectors_per_thread = 8;
constexpr int finish_threads = 1024;

struct Sums {
  double penalty, mask;
};

struct Size {
  std::int64_t images, pixels, slabs;
};

template <int width>
struct Loaded {
  Packed<float, width> prediction, target;
};

// Grid: image x slab. `width` > 1 needs aligned images.
template <int width, bool absolute>
__global__ void __launch_bounds__(flat_grid_threads)
    partial_kernel(const float* __restrict__ prediction, const float* __restrict__ target,
                   const float* __restrict__ mask, Size size, Sums* __restrict__ partials) {
  const std::int64_t image = blockIdx.x, slab = blockIdx.y;
  prediction += image * 3 * size.pixels;
  target += image * 3 * size.pixels;
  mask += image * size.pixels;

  float penalty = 0, weight = 0;
  const Range elements = part_of(3 * size.pixels / width, size.slabs, slab);
  walk_pixels<batch>(
      elements.begin + threadIdx.x, elements.end, blockDim.x,
      [&](std::int64_t i) {
        return Loaded<width>{load_packed<width>(prediction + i * width),
                             load_packed<width>(target + i * width)};
      },
      [&](std::int64_t, const Loaded<width>& loaded) {
#pragma unroll
        for (int k = 0; k < width; ++k) {
          const float d = loaded.prediction.element[k] - loaded.target.element[k];
          penalty += absolute ? fabsf(d) : d * d;
        }
      });
  const Range pixels = part_of(size.pixels / width, size.slabs, slab);
  walk_pixels<batch>(
      pixels.begin + threadIdx.x, pixels.end, blockDim.x,
      [&](std::int64_t i) { return load_packed<width>(mask + i * width); },
      [&](std::int64_t, const Packed<float, width>& loaded) {
#pragma unroll
        for (int k = 0; k < width; ++k) weight += loaded.element[k];
      });

  const Sums sums = {block_reduce(static_cast<double>(penalty), 0.0, Sum()),
                     block_reduce(static_cast<double>(weight), 0.0, Sum())};
  if (threadIdx.x == 0) partials[image * size.slabs + slab] = sums;
}

struct Losses {
  float *loss, *per_image, *area;
};

// One block, which need not share a multiprocessor. A warp owns every 32nd image; the warps' sums of losses are added in their order.
__global__ void __launch_bounds__(finish_threads, 1)
    finish_kernel(const Sums* __restrict__ partials, Size size, Options options, Losses out) {
  const int warp = static_cast<int>(threadIdx.x) / warp_size,
            lane = static_cast<int>(threadIdx.x) % warp_size;
  const double smallest =
      static_cast<double>(options.minimum_area_fraction) * static_cast<double>(size.pixels);
  double loss = 0;
  for (std::int64_t image = warp; image < size.images; image += finish_threads / warp_size) {
    Sums sums = {0, 0};
    for (std::int64_t slab = lane; slab < size.slabs; slab += warp_size) {
      sums.penalty += partials[image * size.slabs + slab].penalty;
      sums.mask += partials[image * size.slabs + slab].mask;
    }
    sums.penalty = warp_reduce(sums.penalty, Sum());
    sums.mask = warp_reduce(sums.mask, Sum());
    const double area = sums.mask < smallest ? smallest : sums.mask;
    const double value = image_loss(options.penalty, size.pixels > 0 ? sums.penalty / (3 * area) : 0);
    if (lane == 0) {
      out.per_image[image] = static_cast<float>(value);
      out.area[image] = static_cast<float>(area);
      loss += value;
    }
  }
  loss = block_reduce(loss, 0.0, Sum());
  if (threadIdx.x == 0)
    *out.loss = static_cast<float>(size.images > 0 ? loss / static_cast<double>(size.images) : 0);
}

struct Upstream {
  const float *dloss, *per_image, *area;
};

// Grid: image x slab, as forward's.
template <int width, bool absolute, bool accumulate>
__global__ void __launch_bounds__(flat_grid_threads)
    backward_kernel(const float* __restrict__ prediction, const float* __restrict__ target, Size size,
                    Penalty penalty, Upstream in, float* __restrict__ dprediction) {
  const std::int64_t image = blockIdx.x, slab = blockIdx.y;
  const float scale = gradient_scale(penalty, *in.dloss, size.images, in.area[image], in.per_image[image]);
  const Range run = part_of(3 * size.pixels / width, size.slabs, slab);
  const std::int64_t offset = image * 3 * size.pixels;
  for (std::int64_t i = run.begin + threadIdx.x; i < run.end; i += blockDim.x) {
    const std::int64_t at = offset + i * width;
    float left[width], right[width], gradient[width] = {};
    load<width>(prediction + at, left);
    load<width>(target + at, right);
    if constexpr (accumulate) load<width>(dprediction + at, gradient);
#pragma unroll
    for (int k = 0; k < width; ++k) {
      const float d = left[k] - right[k];
      const float sign = d > 0 ? 1.0f : d < 0 ? -1.0f : 0.0f;
      gradient[k] += scale * (absolute ? sign : d);
    }
    store<width>(gradient, dprediction + at);
  }
}

Size plan_for(const Shape& prediction, int width) {
  const std::int64_t images = prediction[0], pixels = checked_multiply(prediction[1], prediction[2]);
  const std::int64_t wanted = flat_grid_blocks(3 * pixels / (width * vectors_per_thread), 65535);
  const std::int64_t fair =
      multiprocessor_count() * flat_blocks_per_multiprocessor / std::max<std::int64_t>(1, images);
  return {images, pixels, std::clamp<std::int64_t>(fair, 1, wanted)};
}

dim3 grid_of(const Size& size) {
  return dim3(checked_cast<unsigned>(size.images), checked_cast<unsigned>(size.slabs));
}

// Whether every image of a picture begins at a vector, and every image of a mask.
bool images_fit(const Shape& prediction) { return prediction[1] * prediction[2] % vector_width<float> == 0; }

template <int width>
void forward_as(Context& context, const Forward& a, const Options& options) {
  const Size size = plan_for(a.prediction.shape, width);
  auto* partials = static_cast<Sums*>(context.workspace(workspace_bytes(a.prediction.shape)));
  if (size.images > 0)
    launch("reconstruction: partial_kernel", stream_of(context), grid_of(size), dim3(flat_grid_threads), 0,
           options.penalty == Penalty::absolute ? partial_kernel<width, true> : partial_kernel<width, false>,
           a.prediction.as<float>(), a.target.as<float>(), a.mask.as<float>(), size, partials);
  launch("reconstruction: finish_kernel", stream_of(context), dim3(1), dim3(finish_threads), 0, finish_kernel,
         partials, size, options, Losses{a.loss.as<float>(), a.per_image.as<float>(), a.area.as<float>()});
}

template <int width, bool absolute>
void backward_as(Context& context, const Backward& a, Penalty penalty) {
  const Size size = plan_for(a.prediction.shape, width);
  const bool accumulate = a.dprediction_mode == GradientMode::accumulate;
  launch("reconstruction: backward_kernel", stream_of(context), grid_of(size), dim3(flat_grid_threads), 0,
         accumulate ? backward_kernel<width, absolute, true> : backward_kernel<width, absolute, false>,
         a.prediction.as<float>(), a.target.as<float>(), size, penalty,
         Upstream{a.dloss.as<float>(), a.per_image.as<float>(), a.area.as<float>()},
         a.dprediction.as<float>());
}

template <int width>
void backward_as(Context& context, const Backward& a, Penalty penalty) {
  penalty == Penalty::absolute ? backward_as<width, true>(context, a, penalty)
                               : backward_as<width, false>(context, a, penalty);
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  require_f32("reconstruction", a.prediction.dtype);
  images_fit(a.prediction.shape) && aligned_to_vector(a.prediction.data, a.target.data, a.mask.data)
      ? forward_as<vector_width<float>>(context, a, options)
      : forward_as<1>(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  require_f32("reconstruction", a.prediction.dtype);
  if (a.prediction.elements() == 0) return;
  images_fit(a.prediction.shape) && aligned_to_vector(a.prediction.data, a.target.data, a.dprediction.data)
      ? backward_as<vector_width<float>>(context, a, options.penalty)
      : backward_as<1>(context, a, options.penalty);
}

// For unaligned pictures, which take the most slabs.
std::int64_t workspace_bytes(const Shape& prediction) {
  const Size size = plan_for(prediction, 1);
  return checked_multiply(checked_multiply(std::max<std::int64_t>(1, size.images), size.slabs), sizeof(Sums));
}

}  // namespace attune::reconstruction::cuda
