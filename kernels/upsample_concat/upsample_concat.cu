// A thread owns a vector of neighbouring channels. Forward gathers the four pixels of x behind an output pixel; backward
// the up to 16 pixels of dy that read a pixel of x. Each is read from memory once: the blocks that read it again run at
// the same time and find it in cache (4 x 16 bytes from L1 per 16 written forward, 16 x 16 per 80 backward, at 8 times
// the memory's bandwidth).
#include "kernels/upsample_concat/upsample_concat.h"

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "core/cuda/vector.cuh"

namespace attune::upsample_concat::cuda {

namespace {

using namespace attune::cuda;

// Of x; y is twice as high and wide, with both channels' sum.
struct Size {
  std::int64_t images, height, width;
  std::int64_t channels, skip_channels;

  __device__ std::int64_t joined() const { return channels + skip_channels; }
};

// The position that an output reads with 3/4, and the one that it reads with 1/4, in [0, count).
struct Tap {
  std::int64_t near, far;
};
__device__ Tap tap_of(std::int64_t output, std::int64_t count) {
  const std::int64_t near = output / 2, far = output % 2 ? near + 1 : near - 1;
  return {near, min(max(far, std::int64_t{0}), count - 1)};
}

// sum += weight * the vector at p
template <int width, class T>
__device__ void add(float weight, const T* p, float (&sum)[width]) {
  float values[width];
  load<width>(p, values);
#pragma unroll
  for (int i = 0; i < width; ++i) sum[i] += weight * values[i];
}

// Rows first, as on the CPU: the columns' weights apply to sums over the rows.
template <int width, class T>
__device__ void upsample(const T* image, const Size& size, Tap row, Tap column, std::int64_t channel,
                         float (&result)[width]) {
  const auto at = [&](std::int64_t y, std::int64_t x) {
    return image + (y * size.width + x) * size.channels + channel;
  };
  float near[width] = {}, far[width] = {};
  add<width>(0.75f, at(row.near, column.near), near);
  add<width>(0.25f, at(row.far, column.near), near);
  add<width>(0.75f, at(row.near, column.far), far);
  add<width>(0.25f, at(row.far, column.far), far);
#pragma unroll
  for (int i = 0; i < width; ++i) result[i] = 0.75f * near[i] + 0.25f * far[i];
}

// The items of a line are the vectors of a row of y.
template <class T, int width>
__global__ void __launch_bounds__(line_grid_threads)
    forward_kernel(const T* __restrict__ x, const T* __restrict__ skip, Size size, T* __restrict__ y) {
  const std::int64_t vectors = size.joined() / width, row_vectors = 2 * size.width * vectors;
  for_each_line(size.images * 2 * size.height, [&](std::int64_t line) {
    const std::int64_t image = line / (2 * size.height), row = line % (2 * size.height);
    const T* const x_image = x + image * size.height * size.width * size.channels;
    for (std::int64_t item = threadIdx.x; item < row_vectors; item += blockDim.x) {
      const std::int64_t column = item / vectors, channel = item % vectors * width;
      const std::int64_t pixel = line * 2 * size.width + column;
      float values[width];
      if (channel < size.channels)
        upsample<width>(x_image, size, tap_of(row, size.height), tap_of(column, size.width), channel, values);
      else
        load<width>(skip + pixel * size.skip_channels + (channel - size.channels), values);
      store<width>(values, y + pixel * size.joined() + channel);
    }
  });
}

// The outputs first .. first + 3 along one axis read position i, with these weights. An output outside has none, and what
// clamping made the first and last output read twice has 1 instead of 3/4.
struct Readers {
  std::int64_t first;
  float weight[4];
};
__device__ Readers readers_of(std::int64_t i, std::int64_t count) {
  const bool at_begin = i == 0, at_end = i == count - 1;
  return {2 * i - 1, {at_begin ? 0 : 0.25f, at_begin ? 1 : 0.75f, at_end ? 1 : 0.75f, at_end ? 0 : 0.25f}};
}

template <class T>
struct Gradients {
  const T* dy;
  T *dx, *dskip;  // null where they are not asked for
  bool accumulate_dx, accumulate_dskip;
};

template <int width, class T>
__device__ void put(float (&values)[width], bool accumulate, T* to) {
  if (accumulate) add<width>(1, to, values);
  store<width>(values, to);
}

// Row by row of the readers, each from left to right.
template <int width, class T>
__device__ void gather(const T* image, const Size& size, const Readers& rows, const Readers& columns,
                       std::int64_t channel, float (&sum)[width]) {
#pragma unroll
  for (int r = 0; r < 4; ++r) {
    if (rows.weight[r] == 0) continue;
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      if (columns.weight[c] == 0) continue;
      const std::int64_t pixel = (rows.first + r) * 2 * size.width + columns.first + c;
      add<width>(rows.weight[r] * columns.weight[c], image + pixel * size.joined() + channel, sum);
    }
  }
}

// The items of a line are the vectors of a row of dx, then those of the two rows of dskip above and below it.
template <class T, int width>
__global__ void __launch_bounds__(line_grid_threads) backward_kernel(Gradients<T> a, Size size) {
  const std::int64_t vectors = size.channels / width, skip_vectors = size.skip_channels / width;
  const std::int64_t dx_items = a.dx ? size.width * vectors : 0;
  const std::int64_t dskip_items = a.dskip ? 4 * size.width * skip_vectors : 0;
  for_each_line(size.images * size.height, [&](std::int64_t line) {
    const std::int64_t image = line / size.height, row = line % size.height;
    const T* const dy_image = a.dy + image * 4 * size.height * size.width * size.joined();
    for (std::int64_t item = threadIdx.x; item < dx_items + dskip_items; item += blockDim.x) {
      float values[width] = {};
      if (item < dx_items) {
        const std::int64_t column = item / vectors, channel = item % vectors * width;
        gather<width>(dy_image, size, readers_of(row, size.height), readers_of(column, size.width), channel,
                      values);
        put<width>(values, a.accumulate_dx, a.dx + (line * size.width + column) * size.channels + channel);
      } else {
        const std::int64_t pixel = line * 4 * size.width + (item - dx_items) / skip_vectors;
        const std::int64_t channel = (item - dx_items) % skip_vectors * width;
        load<width>(a.dy + pixel * size.joined() + size.channels + channel, values);
        put<width>(values, a.accumulate_dskip, a.dskip + pixel * size.skip_channels + channel);
      }
    }
  });
}

Size size_of_maps(const Shape& x, const Shape& skip) { return {x[0], x[1], x[2], x[3], skip[3]}; }

// Whether every pixel of all three maps begins at a vector.
template <class T>
bool vectors_fit_all(const Size& size, const void* x, const void* skip, const void* y) {
  return vectors_fit<T>(x, size.channels) && vectors_fit<T>(skip, size.skip_channels) && aligned_to_vector(y);
}

template <class T, int width>
void forward_as(Context& context, const Forward& a, const Size& size) {
  const LineGrid plan = plan_line_grid(size.images * 2 * size.height, a.y.shape[2] * a.y.shape[3] / width,
                                       multiprocessor_count());
  launch("upsample_concat: forward_kernel", stream_of(context), plan.grid, plan.block, 0,
         forward_kernel<T, width>, a.x.as<T>(), a.skip.as<T>(), size, a.y.as<T>());
}

template <class T, int width>
void backward_as(Context& context, const Gradients<T>& gradients, const Size& size) {
  const LineGrid plan =
      plan_line_grid(size.images * size.height, size.width * (size.channels + 4 * size.skip_channels) / width,
                     multiprocessor_count());
  launch("upsample_concat: backward_kernel", stream_of(context), plan.grid, plan.block, 0,
         backward_kernel<T, width>, gradients, size);
}

template <class T>
void forward_in(Context& context, const Forward& a) {
  const Size size = size_of_maps(a.x.shape, a.skip.shape);
  vectors_fit_all<T>(size, a.x.data, a.skip.data, a.y.data) ? forward_as<T, vector_width<T>>(context, a, size)
                                                            : forward_as<T, 1>(context, a, size);
}

template <class T>
void backward_in(Context& context, const Backward& a) {
  const Size size = size_of_maps(a.dx.shape, a.dskip.shape);
  const Gradients<T> gradients = {a.dy.as<T>(), a.dx_mode == GradientMode::ignore ? nullptr : a.dx.as<T>(),
                                  a.dskip_mode == GradientMode::ignore ? nullptr : a.dskip.as<T>(),
                                  a.dx_mode == GradientMode::accumulate,
                                  a.dskip_mode == GradientMode::accumulate};
  if (!gradients.dx && !gradients.dskip) return;
  vectors_fit_all<T>(size, gradients.dx, gradients.dskip, gradients.dy)
      ? backward_as<T, vector_width<T>>(context, gradients, size)
      : backward_as<T, 1>(context, gradients, size);
}

}  // namespace

void forward(Context& context, const Forward& a) {
  if (a.y.elements() == 0) return;
  with_element_type("upsample_concat", a.x.dtype, [&](auto zero) { forward_in<decltype(zero)>(context, a); });
}

void backward(Context& context, const Backward& a) {
  if (a.dy.elements() == 0) return;
  with_element_type("upsample_concat", a.dy.dtype,
                    [&](auto zero) { backward_in<decltype(zero)>(context, a); });
}

}  // namespace attune::upsample_concat::cuda
