// What a thread of upsample_concat does to its column of a strip of rows: the walks down x and dy, and the copies of the skip.
#pragma once

#include "core/cuda/strip_grid.cuh"
#include "core/cuda/vector.cuh"

namespace attune::upsample_concat::cuda {

using namespace attune::cuda;

// Of x; y is twice as high and wide, with both channels' sum.
struct Size {
  int height, width, channels, skip_channels;

  __device__ int joined() const { return channels + skip_channels; }
  __device__ std::int64_t x_row() const { return std::int64_t{width} * channels; }
  __device__ std::int64_t skip_row() const { return std::int64_t{2 * width} * skip_channels; }
  __device__ std::int64_t y_row() const { return std::int64_t{2 * width} * joined(); }
};

template <int width, class T>
__device__ __forceinline__ void put(float (&values)[width], bool accumulate, T* to) {
  if (accumulate) add_weighted<width>(1, to, values);
  store<width>(values, to);
}

// Two neighbouring pixels of a row of x: those left and right of a corner, clamped at the edges.
template <int width>
struct Pair {
  float left[width], right[width];
};

// The two pixels of a row of y between them, of the rows of x near and far. Rows first, as on the CPU.
template <int width, class T>
__device__ __forceinline__ void put_between(const Pair<width>& near, const Pair<width>& far, bool has_left,
                                            bool has_right, T* left, T* right) {
  float left_values[width], right_values[width];
#pragma unroll
  for (int i = 0; i < width; ++i) {
    const float l = 0.75f * near.left[i] + 0.25f * far.left[i];
    const float r = 0.75f * near.right[i] + 0.25f * far.right[i];
    left_values[i] = 0.75f * l + 0.25f * r;
    right_values[i] = 0.25f * l + 0.75f * r;
  }
  if (has_left) store<width>(left_values, left);
  if (has_right) store<width>(right_values, right);
}

// Corner (k, c) lies above and left of pixel (k, c) of x, k = 0 .. height and c = 0 .. width: between rows 2k - 1 and 2k of
// y. `x` and `y` are an image at a channel.
template <int width, class T>
__device__ __forceinline__ void upsample_strip(const T* __restrict__ x, const Size& size,
                                               const Strip& corners, int column, T* __restrict__ y) {
  const T* const left = x + max(column - 1, 0) * size.channels;
  const T* const right = x + min(column, size.width - 1) * size.channels;
  const auto load_pair = [&](int row, Pair<width>& pair) {
    const std::int64_t offset = min(max(row, 0), size.height - 1) * size.x_row();
    load<width>(left + offset, pair.left);
    load<width>(right + offset, pair.right);
  };
  const bool has_left = column > 0, has_right = column < size.width;
  Pair<width> above, below;
  load_pair(corners.begin - 1, above);
  for (int k = corners.begin; k < corners.end; ++k) {
    load_pair(k, below);
    T* const lower = y + 2 * k * size.y_row() + 2 * column * size.joined();
    T* const upper = lower - size.y_row();
    if (k > 0) put_between<width>(above, below, has_left, has_right, upper - size.joined(), upper);
    if (k < size.height) put_between<width>(below, above, has_left, has_right, lower - size.joined(), lower);
    above = below;
  }
}

// A quad: pixels (2i, 2j), (2i, 2j + 1), (2i + 1, 2j), (2i + 1, 2j + 1).
template <int width, class T>
__device__ __forceinline__ void copy_quad(const T* from, std::int64_t from_row, int from_pixel,
                                          bool accumulate, T* to, std::int64_t to_row, int to_pixel) {
  Packed<T, width> quad[4];
#pragma unroll
  for (int p = 0; p < 4; ++p)
    quad[p] = load_packed<width>(from + (p / 2 ? from_row : 0) + (p % 2 ? from_pixel : 0));
#pragma unroll
  for (int p = 0; p < 4; ++p) {
    T* const target = to + (p / 2 ? to_row : 0) + (p % 2 ? to_pixel : 0);
    if (accumulate) {
      float values[width];
      unpack(quad[p], values);
      put<width>(values, true, target);
    } else {
      store_packed<width>(quad[p], target);
    }
  }
}

// What outputs 2i - 1 .. 2i + 2 along one axis read of position i. An output outside reads nothing, and what clamping made
// the first and last output read twice has 1 instead of 3/4.
struct Readers {
  float weight[4];
};
__device__ __forceinline__ Readers readers_of(int i, int count) {
  const bool at_begin = i == 0, at_end = i == count - 1;
  return {{at_begin ? 0 : 0.25f, at_begin ? 1 : 0.75f, at_end ? 1 : 0.75f, at_end ? 0 : 0.25f}};
}

// Of a column of dx; `dy` and `dx` are an image at a channel.
template <int width, class T>
__device__ __forceinline__ void gather_strip(const T* __restrict__ dy, const Size& size, const Strip& strip,
                                             int column, bool accumulate, T* __restrict__ dx) {
  const Readers columns = readers_of(column, size.width);
  const auto add_row = [&](int row, float(&sum)[width]) {
    const T* const pixels = dy + row * size.y_row() + (2 * column - 1) * size.joined();
#pragma unroll
    for (int c = 0; c < 4; ++c)
      if (columns.weight[c] != 0) add_weighted<width>(columns.weight[c], pixels + c * size.joined(), sum);
  };
  float carried[width] = {};  // what the next row of dx reads of the rows of dy so far
  const auto carry = [&](float weight, const float(&sum)[width]) {
#pragma unroll
    for (int i = 0; i < width; ++i) carried[i] += weight * sum[i];
  };
  const Readers first = readers_of(strip.begin, size.height);
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    float sum[width] = {};
    if (first.weight[r] == 0) continue;
    add_row(2 * strip.begin - 1 + r, sum);
    carry(first.weight[r], sum);
  }
  for (int row = strip.begin; row < strip.end; ++row) {
    const Readers rows = readers_of(row, size.height);
    float upper[width] = {}, lower[width] = {}, values[width];
    add_row(2 * row + 1, upper);
    if (rows.weight[3] != 0) add_row(2 * row + 2, lower);
#pragma unroll
    for (int i = 0; i < width; ++i) {
      values[i] = carried[i] + rows.weight[2] * upper[i] + rows.weight[3] * lower[i];
      carried[i] = 0.25f * upper[i] + 0.75f * lower[i];
    }
    put<width>(values, accumulate, dx + row * size.x_row() + column * size.channels);
  }
}

}  // namespace attune::upsample_concat::cuda
