// A thread owns a vector of neighbouring channels of a column of x and walks down a strip of its rows. Forward, of the four
// pixels around a corner of x's grid it makes the four of y that read them and nothing else: half a load for each store, but in
// a strip's first row. Backward a row of dx needs four rows of dy, of which the lower two begin the next row's sum: 8 loads a
// vector. The vectors of the skip, which follow x's in a pixel of y, are copied four pixels at a time.
#include "kernels/upsample_concat/upsample_concat.h"

#include "core/cuda/element_type.h"
#include "core/cuda/launch.cuh"
#include "core/cuda/strip_grid.cuh"
#include "core/cuda/vector.cuh"
#include "kernels/upsample_concat/strips.cuh"

namespace attune::upsample_concat::cuda {

namespace {

using namespace attune::cuda;

// Rows that a thread walks at most: 4 read 5 rows of x for 4, or 10 of dy for 8.
constexpr std::int64_t most_strip_rows = 4;
// Blocks of backward on a multiprocessor, in 80 registers: 4 vectors in flight a thread are 48 KiB, for a need of 20
// (row_grid.cuh). The 64 that ptxas chooses by itself are on the edge of spilling.
constexpr int backward_blocks = 3;

// The items of a row of corners are the vectors of y at each.
template <class T, int width>
__global__ void __launch_bounds__(strip_grid_threads)
    forward_kernel(const T* __restrict__ x, const T* __restrict__ skip, Size size, StripGrid grid,
                   T* __restrict__ y) {
  const Strip strip = strip_of_thread(grid);
  if (!strip.has_item) return;
  const auto vectors = static_cast<unsigned>(size.joined() / width);
  const auto column = static_cast<int>(strip.item / vectors);
  const int channel = static_cast<int>(strip.item % vectors) * width;
  T* const y_image = y + strip.image * (2 * size.height * size.y_row()) + channel;
  if (channel < size.channels)
    return upsample_strip<width>(x + strip.image * (size.height * size.x_row()) + channel, size, strip,
                                 column, y_image);
  if (column == size.width) return;
  const T* const skip_image =
      skip + strip.image * (2 * size.height * size.skip_row()) + channel - size.channels;
  for (int row = strip.begin; row < min(strip.end, size.height); ++row)
    copy_quad<width>(skip_image + 2 * row * size.skip_row() + 2 * column * size.skip_channels,
                     size.skip_row(), size.skip_channels, false,
                     y_image + 2 * row * size.y_row() + 2 * column * size.joined(), size.y_row(),
                     size.joined());
}

template <class T>
struct Gradients {
  const T* dy;
  T *dx, *dskip;  // null where they are not asked for
  bool accumulate_dx, accumulate_dskip;
};

// The items of a row of x are the vectors of dy at each column.
template <class T, int width>
__global__ void __launch_bounds__(strip_grid_threads, backward_blocks)
    backward_kernel(Gradients<T> a, Size size, StripGrid grid) {
  const Strip strip = strip_of_thread(grid);
  if (!strip.has_item) return;
  const auto vectors = static_cast<unsigned>(size.joined() / width);
  const auto column = static_cast<int>(strip.item / vectors);
  const int channel = static_cast<int>(strip.item % vectors) * width;
  const T* const dy_image = a.dy + strip.image * (2 * size.height * size.y_row()) + channel;
  if (channel < size.channels) {
    if (a.dx)
      gather_strip<width>(dy_image, size, strip, column, a.accumulate_dx,
                          a.dx + strip.image * (size.height * size.x_row()) + channel);
  } else if (a.dskip) {
    T* const dskip_image =
        a.dskip + strip.image * (2 * size.height * size.skip_row()) + channel - size.channels;
    for (int row = strip.begin; row < strip.end; ++row)
      copy_quad<width>(dy_image + 2 * row * size.y_row() + 2 * column * size.joined(), size.y_row(),
                       size.joined(), a.accumulate_dskip,
                       dskip_image + 2 * row * size.skip_row() + 2 * column * size.skip_channels,
                       size.skip_row(), size.skip_channels);
  }
}

// Elements of a row are counted in 32 bits.
Size size_of_maps(const Shape& x, const Shape& skip) {
  checked_cast<std::int32_t>(checked_multiply(2 * (x[2] + 1), x[3] + skip[3]));
  return {checked_cast<int>(x[1]), static_cast<int>(x[2]), static_cast<int>(x[3]), static_cast<int>(skip[3])};
}

// Whether every pixel of all three maps begins at a vector.
template <class T>
bool vectors_fit_all(const Size& size, const void* x, const void* skip, const void* y) {
  return vectors_fit<T>(x, size.channels) && vectors_fit<T>(skip, size.skip_channels) && aligned_to_vector(y);
}

template <class T, int width>
void forward_as(Context& context, const Forward& a, const Size& size) {
  const StripGrid grid =
      plan_strip_grid(a.x.shape[0], size.height + 1, (a.x.shape[2] + 1) * a.y.shape[3] / width,
                      most_strip_rows, multiprocessor_count());
  launch("upsample_concat: forward_kernel", stream_of(context), grid.grid(), grid.block(), 0,
         forward_kernel<T, width>, a.x.as<T>(), a.skip.as<T>(), size, grid, a.y.as<T>());
}

template <class T, int width>
void backward_as(Context& context, const Gradients<T>& gradients, const Shape& dy, const Size& size) {
  const StripGrid grid = plan_strip_grid(dy[0], size.height, size.width * dy[3] / width, most_strip_rows,
                                         multiprocessor_count());
  launch("upsample_concat: backward_kernel", stream_of(context), grid.grid(), grid.block(), 0,
         backward_kernel<T, width>, gradients, size, grid);
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
      ? backward_as<T, vector_width<T>>(context, gradients, a.dy.shape, size)
      : backward_as<T, 1>(context, gradients, a.dy.shape, size);
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
