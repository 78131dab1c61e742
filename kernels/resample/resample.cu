// A thread owns a vector of neighbouring channels of one pixel of the result and gathers what it reads, column by column.
// Weights are computed on the spot: the maps that the network resamples are masks, whose few taps cost less than a table's
// traffic. Backward is the same walk over the transposed axes.
#include "kernels/resample/resample.h"

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "core/cuda/vector.cuh"
#include "kernels/resample/axis_run.h"

namespace attune::resample::cuda {

namespace {

using namespace attune::cuda;

struct Size {
  std::int64_t images, channels;
  Axis rows, columns;  // of the map x
};

// How a sum becomes an element of the result.
struct Finish {
  bool accumulate, snap;

  __device__ float operator()(float value, float old) const {
    if (snap && fabsf(value) <= snap_distance) value = 0;
    if (snap && fabsf(value - 1) <= snap_distance) value = 1;
    return accumulate ? old + value : value;
  }
};

// What position `own` of the result gathers along an axis.
template <Method method, bool transpose>
__device__ Run taps_of(const Axis& axis, std::int64_t own) {
  if constexpr (transpose) return outputs_near(axis, own);
  return inputs_of(method, axis, own);
}

// The weight of one of taps_of; 0 for one too many.
template <Method method, bool transpose>
__device__ float tap_weight(const Axis& axis, std::int64_t own, std::int64_t tap) {
  return transpose ? weight_of(method, axis, tap, own) : weight_of(method, axis, own, tap);
}

// Blocks on a multiprocessor, in 80 registers. With 2 vectors of 16 bytes in flight a thread they have 24 KiB, for a need of
// 20 (row_grid.cuh); with more, as ptxas chooses by itself, it spills.
constexpr int blocks = 3;

// The result is y, gathered from x, or (transpose) dx, gathered from dy. The items of a line are the vectors of one of
// its rows.
template <class T, int width, Method method, bool transpose>
__global__ void __launch_bounds__(line_grid_threads, blocks)
    gather_kernel(const T* __restrict__ from, Size size, Finish finish, T* __restrict__ to) {
  const std::int64_t to_rows = transpose ? size.rows.inputs : size.rows.outputs;
  const std::int64_t to_columns = transpose ? size.columns.inputs : size.columns.outputs;
  const std::int64_t from_rows = transpose ? size.rows.outputs : size.rows.inputs;
  const std::int64_t from_columns = transpose ? size.columns.outputs : size.columns.inputs;
  const auto vectors = static_cast<unsigned>(size.channels / width);
  const auto items = static_cast<unsigned>(to_columns) * vectors;  // below 2^31
  for_each_line(size.images * to_rows, [&](std::int64_t line) {
    const std::int64_t image = line / to_rows, row = line % to_rows;
    const Run rows = taps_of<method, transpose>(size.rows, row);
    for (unsigned item = threadIdx.x; item < items; item += blockDim.x) {
      const std::int64_t column = item / vectors, channel = item % vectors * width;
      const Run columns = taps_of<method, transpose>(size.columns, column);
      float sum[width] = {};
      for (std::int64_t x = columns.begin; x < columns.end; ++x) {
        const float column_weight = tap_weight<method, transpose>(size.columns, column, x);
#pragma unroll 2
        for (std::int64_t y = rows.begin; y < rows.end; ++y) {
          const float weight = column_weight * tap_weight<method, transpose>(size.rows, row, y);
          float values[width];
          load<width>(from + ((image * from_rows + y) * from_columns + x) * size.channels + channel, values);
#pragma unroll
          for (int i = 0; i < width; ++i) sum[i] += weight * values[i];
        }
      }
      T* const target = to + (line * to_columns + column) * size.channels + channel;
      float old[width] = {};
      if (finish.accumulate) load<width>(target, old);
#pragma unroll
      for (int i = 0; i < width; ++i) sum[i] = finish(sum[i], old[i]);
      store<width>(sum, target);
    }
  });
}

// Between maps x and y of these shapes.
Size size_of_maps(const Shape& x, const Shape& y) { return {x[0], x[3], Axis(x[1], y[1]), Axis(x[2], y[2])}; }

template <class T, int width, Method method, bool transpose>
void gather_as(Context& context, ConstTensorView from, TensorView to, const Size& size,
               const Finish& finish) {
  checked_cast<std::int32_t>(checked_multiply(to.shape[2], to.shape[3]));
  const LineGrid plan =
      plan_line_grid(to.shape[0] * to.shape[1], to.shape[2] * to.shape[3] / width, multiprocessor_count());
  launch("resample: gather_kernel", stream_of(context), plan.grid, plan.block, 0,
         gather_kernel<T, width, method, transpose>, from.as<T>(), size, finish, to.as<T>());
}

template <class T, Method method, bool transpose>
void gather_by(Context& context, ConstTensorView from, TensorView to, const Size& size,
               const Finish& finish) {
  vectors_fit<T>(from.data, size.channels) && vectors_fit<T>(to.data, size.channels)
      ? gather_as<T, vector_width<T>, method, transpose>(context, from, to, size, finish)
      : gather_as<T, 1, method, transpose>(context, from, to, size, finish);
}

template <class T, bool transpose>
void gather_in(Context& context, ConstTensorView from, TensorView to, const Size& size, Method method,
               const Finish& finish) {
  switch (method) {
    case Method::nearest:
      return gather_by<T, Method::nearest, transpose>(context, from, to, size, finish);
    case Method::bilinear:
      return gather_by<T, Method::bilinear, transpose>(context, from, to, size, finish);
    case Method::area:
      return gather_by<T, Method::area, transpose>(context, from, to, size, finish);
  }
}

template <bool transpose>
void gather(Context& context, ConstTensorView from, TensorView to, const Size& size, Method method,
            const Finish& finish) {
  if (to.elements() == 0) return;
  with_element_type("resample", to.dtype, [&](auto zero) {
    gather_in<decltype(zero), transpose>(context, from, to, size, method, finish);
  });
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  gather<false>(context, a.x, a.y, size_of_maps(a.x.shape, a.y.shape), options.method, {false, options.snap});
}

void backward(Context& context, const Backward& a, const Options& options) {
  gather<true>(context, a.dy, a.dx, size_of_maps(a.dx.shape, a.dy.shape), options.method,
               {a.dx_mode == GradientMode::accumulate, false});
}

}  // namespace attune::resample::cuda
