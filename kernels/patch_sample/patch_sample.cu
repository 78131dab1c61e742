// Draw: all threads of the grid compute the items (key, pixel) of the region's pixels; then a block an image selects and
// sorts the smallest; the grid's last axis is the draws that share the launches. Gather: a thread owns a vector of one row. Scatter: a warp owns a row of dz; the first row of a pixel
// adds the later ones, found by ballots over the indices, in their order, and writes dx once.
#include "kernels/patch_sample/patch_sample.h"

#include <algorithm>

#include "core/cuda/element_type.h"
#include "core/cuda/flat_grid.cuh"
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "core/cuda/vector.cuh"
#include "core/parallel.h"
#include "core/philox.h"
#include "kernels/patch_sample/smallest_items.cuh"

namespace attune::patch_sample::cuda {

namespace {

using namespace attune::cuda;

// What an image's keys depend on besides the pixel.
struct Keys {
  std::uint64_t seed;
  std::uint32_t first_image, step, stream;
  bool foreground;

  __device__ std::uint64_t item(std::uint32_t image, std::uint32_t pixel, float mask) const {
    if (foreground ? !(mask >= 0.5f) : !(mask < 0.5f)) return absent;
    const PhiloxCounter random = philox(seed, {{pixel, first_image + image, step, stream}});
    return std::uint64_t{random.word[0]} << 32 | pixel;
  }
};

Keys keys_of(const Options& options) {
  return {options.seed, static_cast<std::uint32_t>(options.first_image), options.step,
          static_cast<std::uint32_t>(256 * options.level + options.set),
          options.region == Region::foreground};
}

// One draw, and its part of the scratch.
struct Task {
  const float* mask;
  std::uint64_t* items;  // [images, pixels]
  std::int32_t *indices, *count;
  std::int64_t images, pixels;
  int samples;
  Keys keys;
};

struct Tasks {
  Task task[most_draws];
};

// Grid: image x slab of its pixels x task.
__global__ void __launch_bounds__(flat_grid_threads) item_kernel(const __grid_constant__ Tasks tasks) {
  const Task& task = tasks.task[blockIdx.z];
  if (blockIdx.x >= task.images) return;
  const std::int64_t first = std::int64_t{blockIdx.x} * task.pixels;
  const Range slab = part_of(task.pixels, gridDim.y, blockIdx.y);
  for (std::int64_t pixel = slab.begin + threadIdx.x; pixel < slab.end; pixel += blockDim.x)
    task.items[first + pixel] =
        task.keys.item(blockIdx.x, static_cast<std::uint32_t>(pixel), task.mask[first + pixel]);
}

// Grid: image x task. More samples than are sorted at a time come in sections.
__global__ void __launch_bounds__(select_threads) select_kernel(const __grid_constant__ Tasks tasks) {
  __shared__ SelectMemory memory;
  const Task& task = tasks.task[blockIdx.y];
  if (blockIdx.x >= task.images) return;
  const int thread = static_cast<int>(threadIdx.x), samples = task.samples;
  const std::int64_t pixels = task.pixels;
  const std::uint64_t* const items = task.items + std::int64_t{blockIdx.x} * pixels;
  std::int32_t* const indices = task.indices + std::int64_t{blockIdx.x} * samples;

  int drawn = 0, wanted = samples;
  std::uint64_t from = 0;
  while (drawn < wanted) {
    const Section section = find_section(items, pixels, from, min(wanted - drawn, most_sorted), memory);
    wanted = min(wanted, drawn + section.total);
    if (drawn == wanted) break;
    sort_section(items, pixels, from, section, memory);
    const int taken = min(section.size, wanted - drawn);
    for (int i = thread; i < taken; i += select_threads)
      indices[drawn + i] = static_cast<std::int32_t>(memory.sorted[i] & 0xffffffffu);
    from = memory.sorted[taken - 1] + 1;
    drawn += taken;
  }

  if (thread == 0) task.count[blockIdx.x] = drawn;
  __syncthreads();
  for (int k = drawn + thread; k < samples; k += select_threads)
    indices[k] = drawn > 0 ? indices[k % drawn] : -1;
}

// Positions in maps of `pixels` pixels, and `vectors` a pixel.
struct Places {
  const std::int32_t* indices;  // [images, samples]
  const std::int32_t* count;    // [images], or null: all samples
  std::int64_t images, samples, pixels, vectors;

  __device__ std::int64_t counted(std::int64_t image) const { return count ? count[image] : samples; }
};

// Copies bits: a piece is a vector, or an element. The items of a line are the pieces of a row of z.
template <class Piece>
__global__ void __launch_bounds__(line_grid_threads)
    gather_kernel(const Piece* __restrict__ x, Places places, Piece* __restrict__ z) {
  for_each_line(places.images * places.samples, [&](std::int64_t row) {
    const std::int64_t pixel = places.indices[row];
    const std::int64_t from = (row / places.samples * places.pixels + pixel) * places.vectors;
    for (std::int64_t item = threadIdx.x; item < places.vectors; item += blockDim.x)
      z[row * places.vectors + item] = pixel >= 0 ? x[from + item] : Piece{};
  });
}

// The lanes whose row, out of the 32 rows from `first` on, is below `end` and lies at `pixel`.
__device__ unsigned rows_at(const std::int32_t* indices, std::int64_t first, std::int64_t end,
                            std::int32_t pixel) {
  const std::int64_t row = first + threadIdx.x;
  return __ballot_sync(0xffffffffu, row < end && indices[row] == pixel);
}

__device__ bool is_first_at(const std::int32_t* indices, std::int64_t row, std::int32_t pixel) {
  for (std::int64_t first = 0; first < row; first += warp_size)
    if (rows_at(indices, first, row, pixel) != 0) return false;
  return true;
}

// Block: warp_size x rows. Every branch but those on a lane's own vector is the whole warp's.
template <class T, int width>
__global__ void __launch_bounds__(line_grid_threads)
    scatter_kernel(const T* __restrict__ dz, Places places, bool accumulate, T* __restrict__ dx) {
  for_each_line(places.images * places.samples, [&](std::int64_t line) {
    const std::int64_t image = line / places.samples, own = line % places.samples;
    const std::int32_t* const indices = places.indices + image * places.samples;
    const std::int32_t pixel = indices[own];
    const std::int64_t rows = places.counted(image);
    if (own >= rows || pixel < 0 || !is_first_at(indices, own, pixel)) return;
    const T* const from = dz + image * places.samples * places.vectors * width;
    T* const to = dx + (image * places.pixels + pixel) * places.vectors * width;
    for (std::int64_t tile = 0; tile < places.vectors; tile += warp_size) {
      const std::int64_t vector = tile + threadIdx.x;
      const bool active = vector < places.vectors;
      float sum[width] = {};
      for (std::int64_t first = own; first < rows; first += warp_size) {
        for (unsigned found = rows_at(indices, first, rows, pixel); found != 0; found &= found - 1) {
          const std::int64_t row = first + __ffs(static_cast<int>(found)) - 1;
          if (!active) continue;
          float values[width];
          load<width>(from + (row * places.vectors + vector) * width, values);
#pragma unroll
          for (int i = 0; i < width; ++i) sum[i] += values[i];
        }
      }
      if (!active) continue;
      if (accumulate) {
        float old[width];
        load<width>(to + vector * width, old);
#pragma unroll
        for (int i = 0; i < width; ++i) sum[i] += old[i];
      }
      store<width>(sum, to + vector * width);
    }
  });
}

Places places_in(const Shape& map, ConstTensorView indices, ConstTensorView count, int width) {
  return {indices.as<std::int32_t>(),
          count.empty() ? nullptr : count.as<std::int32_t>(),
          map[0],
          indices.shape[1],
          map[1] * map[2],
          map[3] / width};
}

template <class Piece>
void gather_as(Context& context, const Gather& a, int width) {
  const Places places = places_in(a.x.shape, a.indices, {}, width);
  const LineGrid plan =
      plan_line_grid(places.images * places.samples, places.vectors, multiprocessor_count());
  launch("patch_sample: gather_kernel", stream_of(context), plan.grid, plan.block, 0, gather_kernel<Piece>,
         static_cast<const Piece*>(a.x.data), places, static_cast<Piece*>(a.z.data));
}

template <class T>
void gather_in(Context& context, const Gather& a) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint16_t>;
  if (a.z.elements() == 0) return;
  vectors_fit<T>(a.x.data, a.x.shape[3]) && aligned_to_vector(a.z.data)
      ? gather_as<Packed<Bits, vector_width<T>>>(context, a, vector_width<T>)
      : gather_as<Bits>(context, a, 1);
}

template <class T, int width>
void scatter_as(Context& context, const Scatter& a) {
  const Places places = places_in(a.dx.shape, a.indices, a.count, width);
  const LineGrid plan = plan_line_grid(places.images * places.samples, warp_size, multiprocessor_count());
  launch("patch_sample: scatter_kernel", stream_of(context), plan.grid, plan.block, 0,
         scatter_kernel<T, width>, a.dz.as<T>(), places, a.dx_mode == GradientMode::accumulate, a.dx.as<T>());
}

template <class T>
void scatter_in(Context& context, const Scatter& a) {
  if (a.dx_mode == GradientMode::overwrite) set_zero(context, a.dx);
  if (a.dz.elements() == 0 || a.dx.elements() == 0) return;
  vectors_fit<T>(a.dx.data, a.dx.shape[3]) && aligned_to_vector(a.dz.data)
      ? scatter_as<T, vector_width<T>>(context, a)
      : scatter_as<T, 1>(context, a);
}

std::int64_t pixels_of(const Draw& a) { return a.mask.shape[1] * a.mask.shape[2]; }

Tasks tasks_of(std::span<const SeededDraw> draws, std::uint64_t* items) {
  Tasks tasks = {};
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const Draw& a = draws[i].arguments;
    const std::int64_t images = a.mask.shape[0], pixels = pixels_of(a);
    const int samples = checked_cast<int>(a.indices.shape[1]);
    tasks.task[i] = {a.mask.as<float>(),
                     items,
                     a.indices.as<std::int32_t>(),
                     a.count.as<std::int32_t>(),
                     images,
                     pixels,
                     samples,
                     keys_of(draws[i].options)};
    items += images * pixels;
  }
  return tasks;
}

}  // namespace

void draw(Context& context, std::span<const SeededDraw> draws) {
  std::int64_t images = 0, pixels = 0, bytes = 0;
  for (const auto& [a, options] : draws) {
    require_f32("patch_sample", a.mask.dtype);
    images = std::max(images, a.mask.shape[0]);
    pixels = std::max(pixels, pixels_of(a));
    bytes += workspace_bytes(a.mask.shape[0], pixels_of(a));
  }
  if (images == 0) return;
  const Tasks tasks = tasks_of(draws, static_cast<std::uint64_t*>(context.workspace(bytes)));
  const auto columns = checked_cast<unsigned>(images), count = checked_cast<unsigned>(draws.size());
  if (pixels > 0) {
    const std::int64_t fair =
        std::max<std::int64_t>(1, multiprocessor_count() * flat_blocks_per_multiprocessor / (images * count));
    const unsigned slabs =
        flat_grid_blocks(std::min(pixels, fair * flat_grid_threads), multiprocessor_count());
    launch("patch_sample: item_kernel", stream_of(context), dim3(columns, slabs, count),
           dim3(flat_grid_threads), 0, item_kernel, tasks);
  }
  launch("patch_sample: select_kernel", stream_of(context), dim3(columns, count), dim3(select_threads), 0,
         select_kernel, tasks);
}

void gather(Context& context, const Gather& a) {
  with_element_type("patch_sample", a.x.dtype, [&](auto zero) { gather_in<decltype(zero)>(context, a); });
}

void scatter(Context& context, const Scatter& a) {
  with_element_type("patch_sample", a.dx.dtype, [&](auto zero) { scatter_in<decltype(zero)>(context, a); });
}

std::int64_t workspace_bytes(std::int64_t images, std::int64_t pixels) {
  return checked_multiply(checked_multiply(images, pixels), sizeof(std::uint64_t));
}

}  // namespace attune::patch_sample::cuda
