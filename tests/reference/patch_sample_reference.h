// Patch sampling as its contract says it, in plain loops: sorts all candidates and adds row by row.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "core/philox.h"
#include "kernels/patch_sample/patch_sample.h"

namespace attune::reference::patch_sample {

using namespace attune::patch_sample;

template <class T>
void draw(const Draw& a, const Options& options) {
  const std::int64_t pixels = a.mask.shape[1] * a.mask.shape[2], samples = a.indices.shape[1];
  for (std::int64_t n = 0; n < a.mask.shape[0]; ++n) {
    std::vector<std::pair<std::uint32_t, std::int64_t>> candidates;  // key, pixel
    for (std::int64_t p = 0; p < pixels; ++p) {
      const T m = a.mask.as<T>()[n * pixels + p];
      if (options.region == Region::foreground ? !(m >= T(0.5)) : !(m < T(0.5))) continue;
      const PhiloxCounter counter{{static_cast<std::uint32_t>(p),
                                   static_cast<std::uint32_t>(options.first_image + n), options.step,
                                   static_cast<std::uint32_t>(256 * options.level + options.set)}};
      candidates.emplace_back(philox(options.seed, counter).word[0], p);
    }
    std::sort(candidates.begin(), candidates.end());
    const std::int64_t count = std::min(samples, static_cast<std::int64_t>(candidates.size()));
    a.count.as<std::int32_t>()[n] = static_cast<std::int32_t>(count);
    for (std::int64_t k = 0; k < samples; ++k)
      a.indices.as<std::int32_t>()[n * samples + k] =
          count == 0 ? -1 : static_cast<std::int32_t>(candidates[static_cast<std::size_t>(k % count)].second);
  }
}

template <class T>
void gather(const Gather& a) {
  const std::int64_t pixels = a.x.shape[1] * a.x.shape[2], channels = a.x.shape[3];
  const std::int64_t samples = a.indices.shape[1];
  for (std::int64_t row = 0; row < a.indices.elements(); ++row) {
    const std::int64_t pixel = a.indices.as<std::int32_t>()[row];
    for (std::int64_t c = 0; c < channels; ++c)
      a.z.as<T>()[row * channels + c] =
          pixel < 0 ? T(0) : a.x.as<T>()[(row / samples * pixels + pixel) * channels + c];
  }
}

template <class T>
void scatter(const Scatter& a) {
  const std::int64_t pixels = a.dx.shape[1] * a.dx.shape[2], channels = a.dx.shape[3];
  const std::int64_t samples = a.indices.shape[1];
  if (a.dx_mode == GradientMode::overwrite)
    for (std::int64_t i = 0; i < a.dx.elements(); ++i) a.dx.as<T>()[i] = T(0);
  for (std::int64_t n = 0; n < a.dx.shape[0]; ++n) {
    const std::int64_t count = a.count.empty() ? samples : a.count.as<std::int32_t>()[n];
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int64_t pixel = a.indices.as<std::int32_t>()[n * samples + k];
      if (pixel < 0) continue;
      for (std::int64_t c = 0; c < channels; ++c)
        a.dx.as<T>()[(n * pixels + pixel) * channels + c] += a.dz.as<T>()[(n * samples + k) * channels + c];
    }
  }
}

}  // namespace attune::reference::patch_sample
