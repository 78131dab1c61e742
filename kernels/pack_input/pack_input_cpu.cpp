// Rows are independent: one task a few of them. The work is a copy with another layout, three floats to four; plain
// loops, since a shuffle of 3 into 4 lanes has no form that all vector widths share.
#include <algorithm>

#include "core/parallel.h"
#include "kernels/pack_input/pack_input.h"

namespace attune::pack_input::cpu {

namespace {

struct Sizes {
  std::int64_t images, height, width, padded_height, padded_width;
};

// body(image, y) for every row of `rows_per_image`, a few rows a task.
template <class Body>
void for_each_row(const Context& context, std::int64_t images, std::int64_t rows_per_image,
                  const Body& body) {
  const std::int64_t rows = images * rows_per_image, tasks = std::min<std::int64_t>(rows, 256);
  parallel_for(context.threads(), tasks, [&](std::int64_t task) {
    const Range range = part_of(rows, tasks, task);
    for (std::int64_t row = range.begin; row < range.end; ++row)
      body(row / rows_per_image, row % rows_per_image);
  });
}

template <class T>
void pack(const Context& context, const Forward& a, const Sizes& s) {
  const float *picture = a.picture.as<float>(), *mask = a.mask.empty() ? nullptr : a.mask.as<float>();
  T* x = a.x.as<T>();
  for_each_row(context, s.images, s.padded_height, [&](std::int64_t n, std::int64_t y) {
    const std::int64_t from = (n * s.height + std::min(y, s.height - 1)) * s.width;
    T* out = x + (n * s.padded_height + y) * s.padded_width * 4;
    for (std::int64_t p = 0; p < s.padded_width; ++p, out += 4) {
      const std::int64_t pixel = from + std::min(p, s.width - 1);
      for (std::int64_t c = 0; c < 3; ++c) out[c] = static_cast<T>(picture[3 * pixel + c] - 0.5f);
      out[3] = static_cast<T>(mask ? mask[pixel] : 0.0f);
    }
  });
}

// The gradient of pixel (y, p): of itself and, on the last row and column, of the padding that repeats it.
template <class T>
void unpack(const Context& context, const Backward& a, const Sizes& s) {
  const T* dx = a.dx.as<T>();
  float* dpicture = a.dpicture.as<float>();
  const bool accumulate = a.dpicture_mode == GradientMode::accumulate;
  for_each_row(context, s.images, s.height, [&](std::int64_t n, std::int64_t y) {
    const std::int64_t last_row = y + 1 < s.height ? y : s.padded_height - 1;
    float* out = dpicture + (n * s.height + y) * s.width * 3;
    for (std::int64_t p = 0; p < s.width; ++p, out += 3) {
      const std::int64_t last_column = p + 1 < s.width ? p : s.padded_width - 1;
      float sum[3] = {0, 0, 0};
      for (std::int64_t row = y; row <= last_row; ++row)
        for (std::int64_t column = p; column <= last_column; ++column)
          for (std::int64_t c = 0; c < 3; ++c)
            sum[c] += static_cast<float>(dx[((n * s.padded_height + row) * s.padded_width + column) * 4 + c]);
      for (std::int64_t c = 0; c < 3; ++c) out[c] = accumulate ? out[c] + sum[c] : sum[c];
    }
  });
}

Sizes sizes_of(const Shape& picture, const Shape& x) {
  return {picture[0], picture[1], picture[2], x[1], x[2]};
}

}  // namespace

void forward(Context& context, const Forward& a) {
  const Sizes sizes = sizes_of(a.picture.shape, a.x.shape);
  if (a.x.dtype == DType::f32) return pack<float>(context, a, sizes);
  if (a.x.dtype == DType::bf16) return pack<bfloat16>(context, a, sizes);
  fail(ErrorKind::unsupported, "pack_input: no CPU kernel for ", name_of(a.x.dtype));
}

void backward(Context& context, const Backward& a) {
  const Sizes sizes = sizes_of(a.dpicture.shape, a.dx.shape);
  if (a.dx.dtype == DType::f32) return unpack<float>(context, a, sizes);
  if (a.dx.dtype == DType::bf16) return unpack<bfloat16>(context, a, sizes);
  fail(ErrorKind::unsupported, "pack_input: no CPU kernel for ", name_of(a.dx.dtype));
}

void pad_mask(Context& context, const PadMask& a) {
  require(a.mask.dtype == DType::f32, ErrorKind::unsupported, "pack_input: no CPU kernel for ",
          name_of(a.mask.dtype));
  const Sizes s = {a.mask.shape[0], a.mask.shape[1], a.mask.shape[2], a.padded.shape[1], a.padded.shape[2]};
  const float* mask = a.mask.as<float>();
  float* padded = a.padded.as<float>();
  for_each_row(context, s.images, s.padded_height, [&](std::int64_t n, std::int64_t y) {
    const float* from = mask + (n * s.height + std::min(y, s.height - 1)) * s.width;
    float* to = padded + (n * s.padded_height + y) * s.padded_width;
    std::copy(from, from + s.width, to);
    std::fill(to + s.width, to + s.padded_width, from[s.width - 1]);
  });
}

}  // namespace attune::pack_input::cpu
