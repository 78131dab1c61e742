// Two kernels. Where no position has more than 8 taps along an axis, a thread owns a vector of neighbouring channels of one
// column of the result and walks down a strip of its rows. A block computes the taps of its rows and columns once, in
// shared memory: f64 coordinates and 64-bit divisions cost more than the sums. Where there are more, as in a mask of the
// deepest level, results are few, and a warp shares the taps of one vector. Backward is the same over the transposed axes.
#include "kernels/resample/resample.h"

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/reduce.cuh"
#include "core/cuda/strip_grid.cuh"
#include "core/cuda/vector.cuh"
#include "kernels/resample/strips.cuh"
#include "kernels/resample/taps.cuh"

namespace attune::resample::cuda {

namespace {

using namespace attune::cuda;

// Rows that a thread walks at most: they share one column's taps, a few hundred instructions.
constexpr std::int64_t most_strip_rows = 8;
// Blocks on a multiprocessor, in 80 registers, or 128 where the sums of several rows are held: with 4 vectors in flight a
// thread 48 or 32 KiB, for a need of 20 (row_grid.cuh).
template <int width, int most>
inline constexpr int blocks = width* most > 16 ? 2 : 3;

// Rows whose sums a thread holds at most; with 8 it would spill.
constexpr int most_held = 4;

struct Maps {
  Axis rows, columns;  // of the map x
  Gathering gathering;
  std::int64_t from_image;  // elements
  int from_row, channels;
};

struct WarpGrid {
  unsigned rows, items, chunks;  // of an image of the result; of a row; blocks a row
};

// How a sum becomes an element of the result: never both.
struct Finish {
  bool accumulate, snap;
};
template <int width>
__device__ __forceinline__ void snap(float (&values)[width]) {
#pragma unroll
  for (int i = 0; i < width; ++i) values[i] = snapped(values[i]);
}

// The items of a row are the vectors of the result's pixels in it.
template <class T, int width, int most>
__global__ void __launch_bounds__(strip_grid_threads, blocks<width, most>)
    strip_kernel(const T* __restrict__ from, Maps maps, Finish finish, StripGrid grid, T* __restrict__ to) {
  __shared__ Taps<most> row_taps[strip_grid_threads], column_taps[strip_grid_threads];
  const auto vectors = static_cast<unsigned>(maps.channels / width);
  const Strip strip = strip_of_thread(grid);
  Taps<most>* const rows_of_strip = row_taps + threadIdx.y * grid.strip_rows;
  // By the last threads: the first have the columns'.
  for (int row = strip.begin + static_cast<int>(blockDim.x - 1 - threadIdx.x); row < strip.end;
       row += blockDim.x)
    rows_of_strip[row - strip.begin] = maps.gathering.taps<most>(maps.rows, row);
  const unsigned first_item = strip.item - threadIdx.x, first_column = first_item / vectors;
  const unsigned last_item = min(first_item + blockDim.x, static_cast<unsigned>(grid.items)) - 1;
  const unsigned columns = last_item / vectors - first_column + 1;
  for (unsigned column = threadIdx.y * blockDim.x + threadIdx.x; column < columns;
       column += blockDim.x * blockDim.y)
    column_taps[column] = maps.gathering.taps<most>(maps.columns, static_cast<int>(first_column + column));
  __syncthreads();
  if (!strip.has_item) return;

  const unsigned own = strip.item / vectors, vector = strip.item % vectors;
  const Taps<most>& taps = column_taps[own - first_column];
  const bool has_columns = !taps.empty();
  Column<most> column;
#pragma unroll
  for (int c = 0; c < most; ++c) {
    column.offset[c] = taps.at(c) * maps.channels;
    column.weight[c] = taps.weight[c];
  }
  const T* const source = from + strip.image * maps.from_image + vector * width;
  const int to_row = grid.items * width;
  T* target = to + (std::int64_t{strip.image} * grid.rows + strip.begin) * to_row + strip.item * width;
  const auto add = [&](int row, float weight, float(&sum)[width]) {
    add_row<width>(weight, column, source + std::int64_t{row} * maps.from_row, sum);
  };
  HeldRows<width, most> held;
  const Taps<most>* rows = rows_of_strip;
  for (int row = strip.begin; row < strip.end; ++row, ++rows, target += to_row) {
    const int last = has_columns ? rows->last : -1;
    float sum[width] = {};
    if (finish.accumulate) load<width>(target, sum);
    if constexpr (most <= most_held) {
      held.move_to(rows->first, last, [&](int row_of_from, float(&row_sum)[width]) {
#pragma unroll
        for (int i = 0; i < width; ++i) row_sum[i] = 0;
        add(row_of_from, 1, row_sum);
      });
      held.weigh(rows->weight, last, sum);
    } else {
#pragma unroll 1
      for (int r = rows->first; r <= last; ++r) add(r, rows->weight[r - rows->first], sum);
    }
    if (finish.snap) snap(sum);
    store<width>(sum, target);
  }
}

// Warps of a block, each with a vector of the result.
constexpr int warps = 8;

// Grid: (image x row of the result) x chunk of its items. Lane l takes every 32nd of the rows x columns taps, in order.
template <class T, int width>
__global__ void __launch_bounds__(warps* warp_size, 2)
    warp_kernel(const T* __restrict__ from, Maps maps, Finish finish, WarpGrid grid, T* __restrict__ to) {
  const unsigned line = blockIdx.x / grid.chunks, item = blockIdx.x % grid.chunks * warps + threadIdx.y;
  if (item >= grid.items) return;
  const auto vectors = static_cast<unsigned>(maps.channels / width);
  const auto row = static_cast<int>(line % grid.rows), column = static_cast<int>(item / vectors);
  const Run rows = maps.gathering.run(maps.rows, row), columns = maps.gathering.run(maps.columns, column);
  const T* const source = from + line / grid.rows * maps.from_image + item % vectors * width;
  const auto count = static_cast<unsigned>(columns.end - columns.begin);
  const auto stride = max(count, 1u);  // no column may be read at all
  float sum[width] = {};
  std::int64_t y = rows.begin + threadIdx.x / stride, x = columns.begin + threadIdx.x % stride;
  while (count > 0 && y < rows.end) {
    const float weight =
        maps.gathering.weight(maps.rows, row, y) * maps.gathering.weight(maps.columns, column, x);
    add_weighted<width>(weight, source + y * maps.from_row + x * maps.channels, sum);
    y += warp_size / stride, x += warp_size % stride;
    if (x >= columns.end) x -= count, ++y;
  }
#pragma unroll
  for (int i = 0; i < width; ++i) sum[i] = warp_reduce(sum[i], Sum());
  if (threadIdx.x > 0) return;
  T* const target = to + (std::int64_t{line} * grid.items + item) * width;
  if (finish.accumulate) add_weighted<width>(1, target, sum);
  if (finish.snap) snap(sum);
  store<width>(sum, target);
}

template <class T, int width, int most>
void gather_strips(Context& context, ConstTensorView from, TensorView to, const Maps& maps,
                   const Finish& finish) {
  const StripGrid grid = plan_strip_grid(to.shape[0], to.shape[1], to.shape[2] * to.shape[3] / width,
                                         most_strip_rows, multiprocessor_count());
  launch("resample: strip_kernel", stream_of(context), grid.grid(), grid.block(), 0,
         strip_kernel<T, width, most>, from.as<T>(), maps, finish, grid, to.as<T>());
}

template <class T, int width>
void gather_warps(Context& context, ConstTensorView from, TensorView to, const Maps& maps,
                  const Finish& finish) {
  const std::int64_t items = to.shape[2] * to.shape[3] / width, chunks = (items + warps - 1) / warps;
  const WarpGrid grid = {checked_cast<unsigned>(to.shape[1]), static_cast<unsigned>(items),
                         static_cast<unsigned>(chunks)};
  launch("resample: warp_kernel", stream_of(context),
         dim3(checked_cast<std::int32_t>(to.shape[0] * to.shape[1] * chunks)), dim3(warp_size, warps), 0,
         warp_kernel<T, width>, from.as<T>(), maps, finish, grid, to.as<T>());
}

template <class T, int width>
void gather_as(Context& context, ConstTensorView from, TensorView to, const Maps& maps,
               const Finish& finish) {
  const auto [method, transpose] = maps.gathering;
  const std::int64_t most =
      std::max(most_taps(method, transpose, maps.rows), most_taps(method, transpose, maps.columns));
  most <= 2   ? gather_strips<T, width, 2>(context, from, to, maps, finish)
  : most <= 4 ? gather_strips<T, width, 4>(context, from, to, maps, finish)
  : most <= 8 ? gather_strips<T, width, 8>(context, from, to, maps, finish)
              : gather_warps<T, width>(context, from, to, maps, finish);
}

// Between maps of x's and y's shapes; a row's elements are counted in 32 bits.
void gather(Context& context, ConstTensorView from, TensorView to, const Shape& x, const Shape& y,
            const Gathering& gathering, const Finish& finish) {
  if (to.elements() == 0) return;
  const std::int64_t from_row = from.shape[2] * from.shape[3];
  checked_cast<std::int32_t>(std::max(from_row, checked_multiply(to.shape[2], to.shape[3])));
  const Maps maps = {Axis(x[1], y[1]),         Axis(x[2], y[2]),           gathering,
                     from.shape[1] * from_row, static_cast<int>(from_row), static_cast<int>(x[3])};
  with_element_type("resample", to.dtype, [&](auto zero) {
    using T = decltype(zero);
    vectors_fit<T>(from.data, x[3]) && vectors_fit<T>(to.data, x[3])
        ? gather_as<T, vector_width<T>>(context, from, to, maps, finish)
        : gather_as<T, 1>(context, from, to, maps, finish);
  });
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  gather(context, a.x, a.y, a.x.shape, a.y.shape, {options.method, false}, {false, options.snap});
}

void backward(Context& context, const Backward& a, const Options& options) {
  gather(context, a.dy, a.dx, a.dx.shape, a.dy.shape, {options.method, true},
         {a.dx_mode == GradientMode::accumulate, false});
}

}  // namespace attune::resample::cuda
