// pack_input as the header's formulas say it, one output element at a time.
#pragma once

#include <algorithm>

#include "kernels/pack_input/pack_input.h"

namespace attune::reference::pack_input {

template <class T>
void forward(const attune::pack_input::Forward& a) {
  const Shape &from = a.picture.shape, &to = a.x.shape;
  for (std::int64_t n = 0; n < to[0]; ++n)
    for (std::int64_t y = 0; y < to[1]; ++y)
      for (std::int64_t x = 0; x < to[2]; ++x) {
        const std::int64_t pixel =
            (n * from[1] + std::min(y, from[1] - 1)) * from[2] + std::min(x, from[2] - 1);
        T* out = a.x.as<T>() + ((n * to[1] + y) * to[2] + x) * 4;
        for (std::int64_t c = 0; c < 3; ++c) out[c] = a.picture.as<T>()[pixel * 3 + c] - T(0.5);
        out[3] = a.mask.empty() ? T(0) : a.mask.as<T>()[pixel];
      }
}

template <class T>
void backward(const attune::pack_input::Backward& a) {
  if (a.dpicture_mode == GradientMode::ignore) return;
  const Shape &to = a.dpicture.shape, &from = a.dx.shape;
  T* dpicture = a.dpicture.as<T>();
  if (a.dpicture_mode == GradientMode::overwrite) std::fill(dpicture, dpicture + to.elements(), T(0));
  for (std::int64_t n = 0; n < from[0]; ++n)
    for (std::int64_t y = 0; y < from[1]; ++y)
      for (std::int64_t x = 0; x < from[2]; ++x)
        for (std::int64_t c = 0; c < 3; ++c)
          dpicture[((n * to[1] + std::min(y, to[1] - 1)) * to[2] + std::min(x, to[2] - 1)) * 3 + c] +=
              a.dx.as<T>()[((n * from[1] + y) * from[2] + x) * 4 + c];
}

template <class T>
void pad_mask(const attune::pack_input::PadMask& a) {
  const Shape &from = a.mask.shape, &to = a.padded.shape;
  for (std::int64_t n = 0; n < to[0]; ++n)
    for (std::int64_t y = 0; y < to[1]; ++y)
      for (std::int64_t x = 0; x < to[2]; ++x)
        a.padded.as<T>()[(n * to[1] + y) * to[2] + x] =
            a.mask.as<T>()[(n * from[1] + std::min(y, from[1] - 1)) * from[2] + std::min(x, from[2] - 1)];
}

}  // namespace attune::reference::pack_input
