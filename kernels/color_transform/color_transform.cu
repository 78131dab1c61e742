// Forward and dimage: a thread owns 4 neighbouring pixels of a row (one where rows or pointers are not aligned) and reads
// their cells through L1; 28 bytes a pixel from memory. dtransform: a block owns a run of one row of cells. It sums the
// output rows that read it, column by column, into shared memory, and from there each cell its columns: x, dy and the mask
// come from memory once and a second time, for the next row of cells, from L2.
#include "kernels/color_transform/color_transform.h"

#include <algorithm>

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "core/cuda/vector.cuh"
#include "core/shape.h"
#include "kernels/color_transform/column_sums.cuh"
#include "kernels/color_transform/readers.cuh"
#include "kernels/color_transform/upsampled_cells.cuh"

namespace attune::color_transform::cuda {

namespace {

using namespace attune::cuda;

// Pixels a thread: 12 floats of a picture are then 3 vectors, a mask's 4 are one.
constexpr int group = 4;
// Elements of a cell in one load or store: 3 of them are a cell, whose 24 bytes in bf16 are a multiple of no more.
constexpr int cell_vector = 4;
constexpr int vectors_per_cell = parameters / cell_vector;

// Blocks of 256 threads on a multiprocessor, in 80 registers: of either kernel they have more than twice the 20 KiB in flight
// that an H100 needs. Left to itself, ptxas spills on sm_80 and sm_100 around calls of the 64-bit division.
constexpr int blocks = 3;

template <int pixels>
inline constexpr int picture_vector = pixels == 1 ? 1 : vector_width<float>;
template <int pixels>
inline constexpr int transform_vector = pixels == 1 ? 1 : cell_vector;

struct Size {
  std::int64_t images;
  Axis rows, columns;

  ATTUNE_HOST_DEVICE std::int64_t lines() const { return images * rows.positions; }
  __device__ std::int64_t image_cells() const { return rows.cells * columns.cells; }
};

// y = x + m (A (x - 1/2) + b) of one pixel, in place.
template <class Transform>
__device__ void transform_pixel(const Transform& transform, float m, float* x) {
  const float c0 = x[0] - 0.5f, c1 = x[1] - 0.5f, c2 = x[2] - 0.5f;
#pragma unroll
  for (int i = 0; i < 3; ++i)
    x[i] += m * (transform(3 * i) * c0 +
                 (transform(3 * i + 1) * c1 + (transform(3 * i + 2) * c2 + transform(9 + i))));
}

// dx = dy + m A^T dy of one pixel, in place.
template <class Transform>
__device__ void transform_gradient(const Transform& transform, float m, float* g) {
  const float g0 = g[0], g1 = g[1], g2 = g[2];
#pragma unroll
  for (int j = 0; j < 3; ++j)
    g[j] += m * (transform(j) * g0 + (transform(3 + j) * g1 + transform(6 + j) * g2));
}

template <class T>
struct PixelArrays {
  const T* transform;
  const float *from, *mask;
  float* to;  // may be `from`
};

// Forward: from x to y. Backward: from dy to dx. Outside the mask there is nothing to transform, and nothing is read.
template <class T, int pixels, bool backward>
__global__ void __launch_bounds__(line_grid_threads, blocks)
    pixel_kernel(PixelArrays<T> a, Size size, bool accumulate) {
  for_each_line(size.lines(), [&](std::int64_t line) {
    const std::int64_t image = line / size.rows.positions, row = line % size.rows.positions;
    const std::int64_t width = size.columns.positions;
    UpsampledCells<T, transform_vector<pixels>> transform(
        a.transform + image * size.image_cells() * parameters, size.columns.cells, size.rows.tap(row));
    for (std::int64_t column = threadIdx.x * pixels; column < width; column += blockDim.x * pixels) {
      const std::int64_t at = line * width + column;
      float values[3 * pixels], m[pixels];
      load_run<picture_vector<pixels>>(a.mask + at, m);
      load_run<picture_vector<pixels>>(a.from + 3 * at, values);
#pragma unroll
      for (int p = 0; p < pixels; ++p) {
        if (m[p] == 0) continue;
        transform.move_to(size.columns.tap(column + p));
        if constexpr (backward)
          transform_gradient(transform, m[p], values + 3 * p);
        else
          transform_pixel(transform, m[p], values + 3 * p);
      }
      if (accumulate) {
        float old[3 * pixels];
        load_run<picture_vector<pixels>>(a.to + 3 * at, old);
#pragma unroll
        for (int i = 0; i < 3 * pixels; ++i) values[i] += old[i];
      }
      store_run<picture_vector<pixels>>(values, a.to + 3 * at);
    }
  });
}

// A block of dtransform: the columns that it sums at a time, a third of as many cells.
constexpr int cell_threads = 256;
constexpr std::int64_t most_cells = cell_threads / vectors_per_cell;
struct Tiling {
  unsigned tiles;  // of a row of cells
  int cells;       // of a tile
  unsigned threads;
};

// Grid: (image x row of cells) x tile of that row. Four threads search what the block reads. A column's thread sums its rows;
// then thread t sums the columns for vector t % 3 of the tile's cell t / 3. More rows or columns than threads, where cells
// are coarse, come one chunk after another.
template <class T, int width>
__global__ void __launch_bounds__(cell_threads, blocks)
    cell_kernel(Pictures a, Size size, Tiling tiling, bool accumulate, T* __restrict__ dtransform) {
  __shared__ Packed<float, cell_vector> sums[cell_threads][vectors_per_cell];
  __shared__ float fraction[cell_threads], row_weight[cell_threads];
  __shared__ int lower[cell_threads], bounds[4];
  const int thread = static_cast<int>(threadIdx.x);
  const auto row_cells = static_cast<int>(size.columns.cells);
  const unsigned line = blockIdx.x / tiling.tiles, rows_of_cells = static_cast<unsigned>(size.rows.cells);
  const auto image = static_cast<int>(line / rows_of_cells), row = static_cast<int>(line % rows_of_cells);
  const int first_cell = static_cast<int>(blockIdx.x % tiling.tiles) * tiling.cells;
  const Span cells = {first_cell, min(first_cell + tiling.cells, row_cells)};
  if (thread < 4) {
    const Axis axis = thread < 2 ? size.rows : size.columns;
    const Span read = thread < 2 ? Span{row, row + 1} : cells;
    bounds[thread] =
        first_from(axis, thread % 2 == 0 ? read.begin - 1 : read.end, {0, static_cast<int>(axis.positions)},
                   [&](int position) { return axis.tap(position).lower; });
  }
  __syncthreads();
  const Span rows = {bounds[0], bounds[1]}, columns = {bounds[2], bounds[3]};
  const int cell = cells.begin + thread / vectors_per_cell, vector = thread % vectors_per_cell;
  const auto picture_width = static_cast<int>(size.columns.positions);
  const std::int64_t image_pixel = image * (size.rows.positions * size.columns.positions);

  float total[cell_vector] = {};
  for (int first = columns.begin; first < columns.end; first += static_cast<int>(blockDim.x)) {
    const Span chunk = {first, min(first + static_cast<int>(blockDim.x), columns.end)};
    const bool has_column = first + thread < chunk.end;
    float column_sums[parameters] = {};
    for (int first_row = rows.begin; first_row < rows.end; first_row += static_cast<int>(blockDim.x)) {
      const Span chunk_rows = {first_row, min(first_row + static_cast<int>(blockDim.x), rows.end)};
      if (first_row + thread < chunk_rows.end) {
        const BilinearTap tap = size.rows.tap(first_row + thread);
        row_weight[thread] = cell_weight(static_cast<int>(tap.lower), tap.fraction, row);
      }
      __syncthreads();
      if (has_column)
        sum_rows(a, chunk_rows, row_weight, image_pixel + first + thread, picture_width, column_sums);
      __syncthreads();
    }
    if (has_column) {
      const BilinearTap tap = size.columns.tap(first + thread);
      lower[thread] = static_cast<int>(tap.lower);
      fraction[thread] = tap.fraction;
      store_run<cell_vector>(column_sums, sums[thread][0].element);
    }
    __syncthreads();
    if (cell < cells.end) {
      const Span own = readers_of(size.columns, {cell, cell + 1}, chunk,
                                  [&](int column) { return lower[column - first]; });
      for (int at = own.begin - first; at < own.end - first; ++at) {
        const float weight = cell_weight(lower[at], fraction[at], cell);
        const Packed<float, cell_vector> sum = sums[at][vector];
#pragma unroll
        for (int i = 0; i < cell_vector; ++i) total[i] += weight * sum.element[i];
      }
    }
    __syncthreads();
  }

  if (cell >= cells.end) return;
  T* const target = dtransform + (std::int64_t{line} * row_cells + cell) * parameters + vector * cell_vector;
  if (accumulate) {
    float old[cell_vector];
    load_run<width>(target, old);
#pragma unroll
    for (int i = 0; i < cell_vector; ++i) total[i] += old[i];
  }
  store_run<width>(total, target);
}

template <class T, bool backward>
void transform_pixels(Context& context, const PixelArrays<T>& arrays, const Size& size,
                      bool accumulate = false) {
  const std::int64_t width = size.columns.positions;
  const bool groups_fit =
      width % group == 0 && aligned_to_vector(arrays.transform, arrays.from, arrays.mask, arrays.to);
  const LineGrid plan =
      plan_line_grid(size.lines(), groups_fit ? width / group : width, multiprocessor_count());
  launch("color_transform: pixel_kernel", stream_of(context), plan.grid, plan.block, 0,
         groups_fit ? pixel_kernel<T, group, backward> : pixel_kernel<T, 1, backward>, arrays, size,
         accumulate);
}

// Tiles whose readers fit into one chunk, but for coarse cells and what clamping adds, on no more threads than they need.
Tiling plan_tiles(const Axis& columns) {
  const double readable = std::min<double>(cell_threads * columns.scale - 1, most_cells);
  const std::int64_t most = std::max<std::int64_t>(1, static_cast<std::int64_t>(readable));
  const auto divide_up = [&](std::int64_t divisor) { return (columns.cells + divisor - 1) / divisor; };
  const std::int64_t cells = divide_up(divide_up(most)), tiles = divide_up(cells);
  const double readers = static_cast<double>(cells + 1) * columns.positions_per_cell + 1;
  const auto wanted = static_cast<unsigned>(
      std::clamp<double>(readers, static_cast<double>(cells * vectors_per_cell), cell_threads));
  return {checked_cast<unsigned>(tiles), static_cast<int>(cells),
          (wanted + warp_size - 1) / warp_size * warp_size};
}

template <class T>
void transform_gradients(Context& context, const Backward& a, const Size& size) {
  for (const Axis* axis : {&size.rows, &size.columns})
    checked_cast<std::int32_t>(std::max(axis->positions, axis->cells * parameters));
  const Tiling tiling = plan_tiles(size.columns);
  launch("color_transform: cell_kernel", stream_of(context),
         dim3(checked_cast<unsigned>(size.images * size.rows.cells * std::int64_t{tiling.tiles})),
         dim3(tiling.threads), 0,
         aligned_to_vector(a.dtransform.data) ? cell_kernel<T, cell_vector> : cell_kernel<T, 1>,
         Pictures{a.image.as<float>(), a.mask.as<float>(), a.dy.as<float>()}, size, tiling,
         a.dtransform_mode == GradientMode::accumulate, a.dtransform.as<T>());
}

Size size_of_maps(const Shape& transform, const Shape& image, const Options& options) {
  return {image[0], Axis(transform[1], image[1], options.scale_y),
          Axis(transform[2], image[2], options.scale_x)};
}

template <class T>
void forward_in(Context& context, const Forward& a, const Options& options) {
  if (a.image.elements() == 0) return;
  transform_pixels<T, false>(context,
                             {a.transform.as<T>(), a.image.as<float>(), a.mask.as<float>(), a.y.as<float>()},
                             size_of_maps(a.transform.shape, a.image.shape, options));
}

// dtransform first: dimage may overwrite dy.
template <class T>
void backward_in(Context& context, const Backward& a, const Options& options) {
  const Size size = size_of_maps(a.transform.shape, a.image.shape, options);
  if (a.dtransform_mode != GradientMode::ignore && a.transform.elements() > 0)
    transform_gradients<T>(context, a, size);
  if (a.dimage_mode != GradientMode::ignore && a.image.elements() > 0)
    transform_pixels<T, true>(
        context, {a.transform.as<T>(), a.dy.as<float>(), a.mask.as<float>(), a.dimage.as<float>()}, size,
        a.dimage_mode == GradientMode::accumulate);
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  with_element_type("color_transform", a.transform.dtype,
                    [&](auto zero) { forward_in<decltype(zero)>(context, a, options); });
}

void backward(Context& context, const Backward& a, const Options& options) {
  with_element_type("color_transform", a.transform.dtype,
                    [&](auto zero) { backward_in<decltype(zero)>(context, a, options); });
}

}  // namespace attune::color_transform::cuda
