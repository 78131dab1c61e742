// A block owns a slab of one image's pixels and a tile of channels (core/cuda/row_grid.cuh). Forward: masked_style's two
// kernels, then y: 3 launches, x read twice. Backward: four sums a slab, merged and turned into coefficients, then dx:
// 4 launches, x and dy read twice. The second read is the loss (12 bytes an f32 element for 8, 20 for 12), unless L2 has it.
#include "kernels/style_fusion/style_fusion.h"

#include "core/cuda/launch.cuh"
#include "core/cuda/reduce.cuh"
#include "core/cuda/row_grid.cuh"
#include "core/cuda/vector.cuh"
#include "core/cuda/walk_pixels.cuh"
#include "kernels/masked_style/masked_style.h"
#include "kernels/style_fusion/gradients.cuh"
#include "kernels/style_fusion/style.cuh"

namespace attune::style_fusion::cuda {

namespace {

// Pixels that a thread has in flight: row_grid.cuh counts on 4 vectors. Backward has one of x and one of dy a pixel.
constexpr int batch = 4, gradient_batch = 2;

template <class T, int width>
struct Loaded {
  Packed<T, width> x;
  float mask;
};

// Grid: image x slab x tile, block: columns x rows, as RowGrid plans them. `width` > 1 needs aligned rows.
template <class T, int width>
__global__ void __launch_bounds__(row_grid_threads)
    forward_kernel(const T* __restrict__ x, const float* __restrict__ mask, Size size, StyleInputs in,
                   T* __restrict__ y) {
  const Position<width> own(size);
  __shared__ Tile<width, affine_rows> tile;
  own.for_each_channel(
      size, [&](std::int64_t channel, int place) { make_affine(in, own.image, channel, place, tile); });
  __syncthreads();
  if (!own.active) return;
  const Affine<width> affine = read_affine(tile);

  x += own.first_element;
  y += own.first_element;
  mask += own.image * size.pixels;
  walk_pixels<batch>(
      own.run.begin + threadIdx.y, own.run.end, blockDim.y,
      [&](std::int64_t pixel) {
        return Loaded<T, width>{load_packed<width>(x + pixel * size.channels), mask[pixel]};
      },
      [&](std::int64_t pixel, const Loaded<T, width>& loaded) {
        float values[width];
        unpack(loaded.x, values);
#pragma unroll
        for (int i = 0; i < width; ++i) {
          const float z = affine.blend(loaded.mask, i, values[i]);
          values[i] = z > 0 ? z : in.slope * z;
        }
        store<width>(values, y + pixel * size.channels);
      });
}

// What a thread holds of one pixel in backward; dx where it adds to it, 0 otherwise.
template <class T, int width>
struct Upstream {
  Packed<T, width> x, dy, before;
  float mask;
};

// D_r and M_r of one region and `width` channels.
template <int width>
struct RegionSums {
  float d[width] = {}, m[width] = {};

  __device__ void merge(const RegionSums& other) {
#pragma unroll
    for (int i = 0; i < width; ++i) {
      d[i] += other.d[i];
      m[i] += other.m[i];
    }
  }
};

// d = act'(z) dy, where z is computed again from x.
__device__ inline float activation_gradient(float z, float dy, float slope) {
  return z > 0 ? dy : slope * dy;
}

// Grid and block as forward_kernel. Writes a slab's sums to `partials`.
template <class T, int width>
__global__ void __launch_bounds__(row_grid_threads)
    sums_kernel(const T* __restrict__ x, const T* __restrict__ dy, const float* __restrict__ mask, Size size,
                StyleInputs in, float* __restrict__ partials) {
  const Position<width> own(size);
  __shared__ Tile<width, affine_rows> tile;
  own.for_each_channel(
      size, [&](std::int64_t channel, int place) { make_affine(in, own.image, channel, place, tile); });
  __syncthreads();

  RegionSums<width> foreground, background;
  if (own.active) {
    const Affine<width> affine = read_affine(tile);
    x += own.first_element;
    dy += own.first_element;
    mask += own.image * size.pixels;
    walk_pixels<gradient_batch>(
        own.run.begin + threadIdx.y, own.run.end, blockDim.y,
        [&](std::int64_t pixel) {
          return Upstream<T, width>{load_packed<width>(x + pixel * size.channels),
                                    load_packed<width>(dy + pixel * size.channels),
                                    {},
                                    mask[pixel]};
        },
        [&](std::int64_t, const Upstream<T, width>& loaded) {
          float values[width], upstream[width];
          unpack(loaded.x, values);
          unpack(loaded.dy, upstream);
#pragma unroll
          for (int i = 0; i < width; ++i) {
            const float z = affine.blend(loaded.mask, i, values[i]);
            const float d = activation_gradient(z, upstream[i], in.slope);
            const float of_foreground = loaded.mask * d, of_background = (1 - loaded.mask) * d;
            foreground.d[i] += of_foreground;
            foreground.m[i] += of_foreground * affine.centered(0, i, values[i]);
            background.d[i] += of_background;
            background.m[i] += of_background * affine.centered(1, i, values[i]);
          }
        });
  }

  // Reduce, region after region in the same slots, and store.
  __shared__ RegionSums<width> slots[row_grid_threads];
  partials += (std::int64_t{blockIdx.y} * size.images + own.image) * sums * size.channels + own.channel;
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    RegionSums<width> total = region == 0 ? foreground : background;
    reduce_rows(total, slots);
    if (threadIdx.y > 0 || !own.active) continue;
    store<width>(total.d, partials + 2 * region * size.channels);
    store<width>(total.m, partials + (2 * region + 1) * size.channels);
  }
}

// Grid and block as forward_kernel.
template <class T, int width, bool accumulate>
__global__ void __launch_bounds__(row_grid_threads)
    backward_kernel(const T* __restrict__ x, const T* __restrict__ dy, const float* __restrict__ mask,
                    Size size, StyleInputs in, const float* __restrict__ coefficients, T* __restrict__ dx) {
  const Position<width> own(size);
  __shared__ Tile<width, affine_rows + sums> tile;
  own.for_each_channel(size, [&](std::int64_t channel, int place) {
    make_affine(in, own.image, channel, place, tile);
#pragma unroll
    for (int row = 0; row < sums; ++row)
      tile.row[affine_rows + row][place] = coefficients[(own.image * sums + row) * size.channels + channel];
  });
  __syncthreads();
  if (!own.active) return;
  const Affine<width> affine = read_affine(tile);
  float constant[regions][width], linear[regions][width];
#pragma unroll
  for (int region = 0; region < regions; ++region) {
    tile.read(affine_rows + 2 * region, constant[region]);
    tile.read(affine_rows + 2 * region + 1, linear[region]);
  }

  x += own.first_element;
  dy += own.first_element;
  dx += own.first_element;
  mask += own.image * size.pixels;
  walk_pixels<gradient_batch>(
      own.run.begin + threadIdx.y, own.run.end, blockDim.y,
      [&](std::int64_t pixel) {
        Upstream<T, width> loaded = {load_packed<width>(x + pixel * size.channels),
                                     load_packed<width>(dy + pixel * size.channels),
                                     {},
                                     mask[pixel]};
        if constexpr (accumulate) loaded.before = load_packed<width>(dx + pixel * size.channels);
        return loaded;
      },
      [&](std::int64_t pixel, const Upstream<T, width>& loaded) {
        float values[width], upstream[width], result[width];
        unpack(loaded.x, values);
        unpack(loaded.dy, upstream);
        unpack(loaded.before, result);
#pragma unroll
        for (int i = 0; i < width; ++i) {
          const float z = affine.blend(loaded.mask, i, values[i]);
          const float d = activation_gradient(z, upstream[i], in.slope);
          const auto of_region = [&](int region) {
            return affine.slope[region][i] * d + constant[region][i] +
                   linear[region][i] * affine.centered(region, i, values[i]);
          };
          result[i] += loaded.mask * of_region(0) + (1 - loaded.mask) * of_region(1);
        }
        store<width>(result, dx + pixel * size.channels);
      });
}

RowGrid plan_for(const Shape& x, int width) {
  return plan_row_grid(x[0], checked_multiply(x[1], x[2]), x[3], width, multiprocessor_count());
}

Size size_of_plan(const RowGrid& plan, const Shape& x) {
  return {plan.images, x[1] * x[2], x[3], plan.slabs};
}

template <class T, int width>
void write_output(Context& context, const Forward& a, const Options& options) {
  const RowGrid plan = plan_for(a.x.shape, width);
  launch("style_fusion: forward_kernel", stream_of(context), plan.grid(), plan.block(), 0,
         forward_kernel<T, width>, a.x.as<T>(), a.mask.as<float>(), size_of_plan(plan, a.x.shape),
         style_inputs(a, options), a.y.as<T>());
}

template <class T>
void forward_in(Context& context, const Forward& a, const Options& options) {
  masked_style::cuda::forward(context, {a.x, a.mask, a.mean, a.sd, a.weight}, {options.eps});
  if (a.x.elements() == 0) return;
  vectors_fit<T>(a.x.data, a.x.shape[3]) && vectors_fit<T>(a.y.data, a.x.shape[3])
      ? write_output<T, vector_width<T>>(context, a, options)
      : write_output<T, 1>(context, a, options);
}

Scratch scratch_of(Context& context, const Shape& x, std::int64_t slabs) {
  auto* memory = static_cast<float*>(context.workspace(workspace_bytes(x)));
  const std::int64_t values = x[0] * sums * x[3];
  return {memory, memory + slabs * values, memory + (slabs + 1) * values};
}

// From the partials to the coefficients of dx and every other gradient.
void finish(Context& context, const Backward& a, const StyleInputs& in, const Size& size,
            const Scratch& scratch) {
  const bool external = a.dexternal_mode != GradientMode::ignore && in.gate_kind != Gate::internal;
  const std::int64_t tiles = (size.channels + finish_columns - 1) / finish_columns;
  const auto rows = static_cast<unsigned>(std::min<std::int64_t>(finish_rows, size.slabs));
  launch("style_fusion: finish_kernel", stream_of(context),
         dim3(checked_cast<unsigned>(size.images), checked_cast<unsigned>(tiles)), dim3(finish_columns, rows),
         0, finish_kernel, in, size, scratch,
         ExternalGradients{external ? a.dexternal_mean.as<float>() : nullptr,
                           external ? a.dexternal_sd.as<float>() : nullptr,
                           a.dexternal_mode == GradientMode::accumulate});
}

void write_parameter_gradients(Context& context, const Backward& a, const StyleInputs& in,
                               const float* totals) {
  const std::int64_t blocks = (in.channels + parameter_threads - 1) / parameter_threads;
  launch("style_fusion: parameter_kernel", stream_of(context), dim3(checked_cast<unsigned>(blocks)),
         dim3(parameter_threads), 0, parameter_kernel, in, totals,
         ParameterGradients{in.gate_kind == Gate::learned ? a.dgate.as<float>() : nullptr,
                            {a.dgamma_foreground.as<float>(), a.dgamma_background.as<float>()},
                            {a.dbeta_foreground.as<float>(), a.dbeta_background.as<float>()},
                            a.dparameters_mode == GradientMode::accumulate});
}

template <class T, int width>
void backward_as(Context& context, const Backward& a, const Options& options) {
  const RowGrid plan = plan_for(a.x.shape, width);
  const Size size = size_of_plan(plan, a.x.shape);
  const StyleInputs in = style_inputs(a, options);
  const Scratch scratch = scratch_of(context, a.x.shape, size.slabs);
  if (size.images > 0) {
    launch("style_fusion: sums_kernel", stream_of(context), plan.grid(), plan.block(), 0,
           sums_kernel<T, width>, a.x.as<T>(), a.dy.as<T>(), a.mask.as<float>(), size, in, scratch.partials);
    finish(context, a, in, size, scratch);
  }
  if (a.dparameters_mode != GradientMode::ignore) write_parameter_gradients(context, a, in, scratch.totals);
  if (a.dx_mode == GradientMode::ignore || a.x.elements() == 0) return;
  launch("style_fusion: backward_kernel", stream_of(context), plan.grid(), plan.block(), 0,
         a.dx_mode == GradientMode::accumulate ? backward_kernel<T, width, true>
                                               : backward_kernel<T, width, false>,
         a.x.as<T>(), a.dy.as<T>(), a.mask.as<float>(), size, in, scratch.coefficients, a.dx.as<T>());
}

template <class T>
void backward_in(Context& context, const Backward& a, const Options& options) {
  const std::int64_t channels = a.x.shape[3];
  if (channels == 0) return;
  vectors_fit<T>(a.x.data, channels) && vectors_fit<T>(a.dy.data, channels) &&
          (a.dx_mode == GradientMode::ignore || vectors_fit<T>(a.dx.data, channels))
      ? backward_as<T, vector_width<T>>(context, a, options)
      : backward_as<T, 1>(context, a, options);
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  switch (a.x.dtype) {
    case DType::f32:
      return forward_in<float>(context, a, options);
    case DType::bf16:
      return forward_in<bfloat16>(context, a, options);
    default:
      fail(ErrorKind::unsupported, "style_fusion: no CUDA kernel for ", name_of(a.x.dtype));
  }
}

void backward(Context& context, const Backward& a, const Options& options) {
  switch (a.x.dtype) {
    case DType::f32:
      return backward_in<float>(context, a, options);
    case DType::bf16:
      return backward_in<bfloat16>(context, a, options);
    default:
      fail(ErrorKind::unsupported, "style_fusion: no CUDA kernel for ", name_of(a.x.dtype));
  }
}

// For the width that takes the most slabs, as the pointers' alignment is not known yet; forward's is masked_style's.
std::int64_t workspace_bytes(const Shape& x) {
  std::int64_t slabs = 1;
  for (int width : {1, vector_width<float>, vector_width<bfloat16>})
    slabs = std::max(slabs, plan_for(x, width).slabs);
  const std::int64_t floats = checked_multiply(checked_multiply(slabs + 2, x[0]), sums * x[3]);
  return std::max(checked_multiply(floats, sizeof(float)), masked_style::cuda::workspace_bytes(x));
}

}  // namespace attune::style_fusion::cuda
