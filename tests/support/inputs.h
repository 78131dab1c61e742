// Seeded inputs for tests and benchmarks: the kinds of values and masks that math.md, 8 lists.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/shape.h"

namespace attune::test {

enum class Values { random, large_mean, constant };
// least_weight: one pixel of weight 0.001, masked_style::minimum_weight, which still counts.
enum class Mask { random, soft, empty, full, one_pixel, all_but_one_pixel, least_weight };

inline const char* name_of(Values kind) {
  switch (kind) {
    case Values::random:
      return "random";
    case Values::large_mean:
      return "large_mean";
    case Values::constant:
      return "constant";
  }
  return "?";
}

inline const char* name_of(Mask kind) {
  switch (kind) {
    case Mask::random:
      return "random";
    case Mask::soft:
      return "soft";
    case Mask::empty:
      return "empty";
    case Mask::full:
      return "full";
    case Mask::one_pixel:
      return "one_pixel";
    case Mask::all_but_one_pixel:
      return "all_but_one_pixel";
    case Mask::least_weight:
      return "least_weight";
  }
  return "?";
}

inline std::vector<double> make_values(Values kind, std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal(kind == Values::large_mean ? 1e4 : 0.0, 1.0);
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& value : values) value = kind == Values::constant ? 0.75 : normal(generator);
  return values;
}

// Masks of `images` images of `pixels` pixels. One-pixel kinds place the pixel by the seed.
inline std::vector<double> make_mask(Mask kind, std::int64_t images, std::int64_t pixels,
                                     std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::vector<double> mask(static_cast<std::size_t>(images * pixels));
  for (double& m : mask) {
    const double u = uniform(generator);
    switch (kind) {
      case Mask::random:
        m = u < 0.4 ? 1 : 0;
        break;
      case Mask::soft:
        m = u < 0.2 ? 0 : u > 0.8 ? 1 : u;
        break;
      case Mask::full:
      case Mask::all_but_one_pixel:
        m = 1;
        break;
      case Mask::empty:
      case Mask::one_pixel:
      case Mask::least_weight:
        m = 0;
        break;
    }
  }
  const bool odd_pixel =
      kind == Mask::one_pixel || kind == Mask::all_but_one_pixel || kind == Mask::least_weight;
  if (pixels > 0 && odd_pixel)
    for (std::int64_t image = 0; image < images; ++image) {
      const auto pixel = static_cast<std::int64_t>(generator() % static_cast<std::uint64_t>(pixels));
      mask[static_cast<std::size_t>(image * pixels + pixel)] = kind == Mask::one_pixel      ? 1
                                                               : kind == Mask::least_weight ? 0.001
                                                                                            : 0;
    }
  return mask;
}

}  // namespace attune::test
