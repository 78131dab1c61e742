// One pass over the pixels, rows in parallel. Plain loops: 4, 3 and 1 channels a pixel side by side have no vector form
// worth its shuffles, and the exponential takes most of the time.
#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "kernels/blend_output/blend_output.h"

namespace attune::blend_output::cpu {

namespace {

float sigmoid(float value) { return 1.0f / (1.0f + std::exp(-std::clamp(value, -80.0f, 80.0f))); }

// body(image, y) for every row.
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
void blend(const Context& context, const Forward& a) {
  const Shape &padded = a.h.shape, &shape = a.image.shape;
  for_each_row(context, shape[0], shape[1], [&](std::int64_t n, std::int64_t y) {
    const std::int64_t row = (n * shape[1] + y) * shape[2];
    const T* h = a.h.as<T>() + (n * padded[1] + y) * padded[2] * 4;
    const float *image = a.image.as<float>() + row * 3, *mask = a.mask.as<float>() + row;
    float* out = a.y.as<float>() + row * 3;
    for (std::int64_t p = 0; p < shape[2]; ++p, h += 4, image += 3, out += 3) {
      const float weight = mask[p] * sigmoid(static_cast<float>(h[3]));
      for (std::int64_t c = 0; c < 3; ++c) {
        const float from = image[c];
        out[c] = mask[p] == 0 ? from : from + weight * (static_cast<float>(h[c]) + 0.5f - from);
      }
    }
  });
}

template <class T>
void put(T& target, float value, GradientMode mode) {
  target = static_cast<T>(mode == GradientMode::accumulate ? static_cast<float>(target) + value : value);
}

template <class T>
void blend_backward_row(const Backward& a, std::int64_t n, std::int64_t y) {
  const Shape &padded = a.h.shape, &shape = a.image.shape;
  const std::int64_t row = (n * shape[1] + y) * shape[2], cells = (n * padded[1] + y) * padded[2] * 4;
  const T* h = a.h.as<T>() + cells;
  const float *image = a.image.as<float>() + row * 3, *mask = a.mask.as<float>() + row;
  const float* dy = a.dy.as<float>() + row * 3;
  T* dh = a.dh_mode == GradientMode::ignore ? nullptr : a.dh.as<T>() + cells;
  float* dimage = a.dimage_mode == GradientMode::ignore ? nullptr : a.dimage.as<float>() + row * 3;
  for (std::int64_t p = 0; p < shape[2]; ++p) {
    const float alpha = sigmoid(static_cast<float>(h[4 * p + 3])), weight = mask[p] * alpha;
    float along = 0;  // sum_c dy_c (rgb_c - x_c)
    for (std::int64_t c = 0; c < 3; ++c) {
      const float d = dy[3 * p + c];
      along += d * (static_cast<float>(h[4 * p + c]) + 0.5f - image[3 * p + c]);
      if (dh) put(dh[4 * p + c], weight * d, a.dh_mode);
      if (dimage) put(dimage[3 * p + c], (1 - weight) * d, a.dimage_mode);
    }
    if (dh) put(dh[4 * p + 3], weight * (1 - alpha) * along, a.dh_mode);
  }
  if (dh && a.dh_mode == GradientMode::overwrite)
    std::fill(dh + 4 * shape[2], dh + 4 * padded[2], static_cast<T>(0.0f));
}

template <class T>
void blend_backward(const Context& context, const Backward& a) {
  const Shape &padded = a.h.shape, &shape = a.image.shape;
  for_each_row(context, shape[0], shape[1],
               [&](std::int64_t n, std::int64_t y) { blend_backward_row<T>(a, n, y); });
  if (a.dh_mode != GradientMode::overwrite) return;
  for_each_row(context, shape[0], padded[1] - shape[1], [&](std::int64_t n, std::int64_t y) {
    T* dh = a.dh.as<T>() + (n * padded[1] + shape[1] + y) * padded[2] * 4;
    std::fill(dh, dh + 4 * padded[2], static_cast<T>(0.0f));
  });
}

}  // namespace

void forward(Context& context, const Forward& a) {
  if (a.h.dtype == DType::f32) return blend<float>(context, a);
  if (a.h.dtype == DType::bf16) return blend<bfloat16>(context, a);
  fail(ErrorKind::unsupported, "blend_output: no CPU kernel for ", name_of(a.h.dtype));
}

void backward(Context& context, const Backward& a) {
  if (a.h.dtype == DType::f32) return blend_backward<float>(context, a);
  if (a.h.dtype == DType::bf16) return blend_backward<bfloat16>(context, a);
  fail(ErrorKind::unsupported, "blend_output: no CPU kernel for ", name_of(a.h.dtype));
}

}  // namespace attune::blend_output::cpu
