// blend_output as the header's formulas say it, pixel by pixel.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/blend_output/blend_output.h"

namespace attune::reference::blend_output {

template <class T>
T sigmoid(T value) {
  return T(1) / (T(1) + std::exp(-value));
}

template <class T>
void forward(const attune::blend_output::Forward& a) {
  const Shape &padded = a.h.shape, &s = a.image.shape;
  for (std::int64_t n = 0; n < s[0]; ++n)
    for (std::int64_t y = 0; y < s[1]; ++y)
      for (std::int64_t x = 0; x < s[2]; ++x) {
        const std::int64_t pixel = (n * s[1] + y) * s[2] + x;
        const T* h = a.h.as<T>() + ((n * padded[1] + y) * padded[2] + x) * 4;
        const T weight = a.mask.as<T>()[pixel] * sigmoid(h[3]);
        for (std::int64_t c = 0; c < 3; ++c) {
          const T image = a.image.as<T>()[3 * pixel + c];
          a.y.as<T>()[3 * pixel + c] = image + weight * (h[c] + T(0.5) - image);
        }
      }
}

template <class T>
void backward(const attune::blend_output::Backward& a) {
  const Shape &padded = a.h.shape, &s = a.image.shape;
  const auto clear = [](const TensorView& view) {
    std::fill(view.as<T>(), view.as<T>() + view.elements(), T(0));
  };
  if (a.dh_mode == GradientMode::overwrite) clear(a.dh);
  if (a.dimage_mode == GradientMode::overwrite) clear(a.dimage);
  for (std::int64_t n = 0; n < s[0]; ++n)
    for (std::int64_t y = 0; y < s[1]; ++y)
      for (std::int64_t x = 0; x < s[2]; ++x) {
        const std::int64_t pixel = (n * s[1] + y) * s[2] + x,
                           cell = ((n * padded[1] + y) * padded[2] + x) * 4;
        const T* h = a.h.as<T>() + cell;
        const T m = a.mask.as<T>()[pixel], alpha = sigmoid(h[3]);
        for (std::int64_t c = 0; c < 3; ++c) {
          const T dy = a.dy.as<T>()[3 * pixel + c], image = a.image.as<T>()[3 * pixel + c];
          if (a.dh_mode != GradientMode::ignore) {
            a.dh.as<T>()[cell + c] += m * alpha * dy;
            a.dh.as<T>()[cell + 3] += m * alpha * (1 - alpha) * dy * (h[c] + T(0.5) - image);
          }
          if (a.dimage_mode != GradientMode::ignore) a.dimage.as<T>()[3 * pixel + c] += (1 - m * alpha) * dy;
        }
      }
}

}  // namespace attune::reference::blend_output
