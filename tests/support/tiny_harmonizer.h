// The tiny preset's network for tests, with seeded weights, and the filling of its inputs.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "layers/harmonizer/harmonizer.h"

namespace attune::test {

inline HarmonizerOptions tiny_options(Fusion fusion = Fusion::learned, Head head = Head::affine) {
  HarmonizerOptions options;
  options.channels = {8, 12, 16};
  options.head = head;
  options.fusion = {fusion};
  return options;
}

// Allocates the store and moves every weight off its start: the head's zeros would hide all that lies before it.
inline void allocate_stirred(ParameterStore& store, std::uint64_t seed) {
  store.allocate(Device{}, seed);
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal(0, 0.05f);
  float* values = store.values().as<float>();
  for (std::int64_t i = 0; i < store.count(); ++i) values[i] += normal(generator);
}

inline std::vector<float> uniform_values(std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<float> uniform(0.05f, 0.95f);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = uniform(generator);
  return values;
}

inline void fill(const TensorView& view, const std::vector<float>& values) {
  require(view.elements() == static_cast<std::int64_t>(values.size()), ErrorKind::internal,
          "values for another shape than ", view.shape);
  std::copy(values.begin(), values.end(), view.as<float>());
}

inline std::vector<float> floats_of(const ConstTensorView& view) {
  return {view.as<float>(), view.as<float>() + view.elements()};
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

inline TensorSpec pictures_spec(std::int64_t images, std::int64_t height, std::int64_t width) {
  return {{images, height, width, 3}, DType::f32, true};
}
inline TensorSpec masks_spec(std::int64_t images, std::int64_t height, std::int64_t width) {
  return {{images, height, width}, DType::f32, false};
}

}  // namespace attune::test
