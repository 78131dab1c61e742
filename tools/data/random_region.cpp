#include "tools/data/random_region.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace attune::tools {

namespace {

constexpr float pi = 3.14159265f;

// An ellipse whose radius waves along its outline: r(angle) = 1 + sum_k amplitude_k cos((k + 2) angle +
// phase_k).
struct Blob {
  float x, y;                // the centre, in pixels
  float radius_x, radius_y;  // before the rotation
  float cosine, sine;
  std::array<float, 3> amplitude, phase;

  // How far inside the outline a point lies, in pixels (approximately, along the ray from the centre).
  float depth(float px, float py) const {
    const float u = (cosine * (px - x) + sine * (py - y)) / radius_x;
    const float v = (cosine * (py - y) - sine * (px - x)) / radius_y;
    const float radius = std::hypot(u, v), angle = std::atan2(v, u);
    float outline = 1;
    for (std::size_t k = 0; k < amplitude.size(); ++k) {
      outline += amplitude[k] * std::cos(static_cast<float>(k + 2) * angle + phase[k]);
    }
    return (outline - radius) * std::min(radius_x, radius_y);
  }
};

Blob draw_blob(PhiloxStream& random, float size, float area) {
  Blob blob{};
  const float aspect = std::exp(random.uniform(-0.6f, 0.6f));
  const float radius = std::max(std::sqrt(area / pi), 1.5f);
  blob.radius_x = radius * aspect;
  blob.radius_y = radius / aspect;
  // Centres stay off the border, so that most of a blob is seen.
  blob.x = size * random.uniform(0.2f, 0.8f);
  blob.y = size * random.uniform(0.2f, 0.8f);
  const float angle = random.uniform(0, pi);
  blob.cosine = std::cos(angle);
  blob.sine = std::sin(angle);
  for (std::size_t k = 0; k < blob.amplitude.size(); ++k) {
    blob.amplitude[k] = random.uniform(0, 0.2f) / static_cast<float>(k + 1);
    blob.phase[k] = random.uniform(0, 2 * pi);
  }
  return blob;
}

}  // namespace

void draw_random_region(PhiloxStream& random, std::int64_t size, float fraction, float* mask) {
  const auto side = static_cast<float>(size);
  const std::uint32_t blobs = 1 + random.below(3);
  std::fill(mask, mask + size * size, 0.0f);
  for (std::uint32_t index = 0; index < blobs; ++index) {
    const Blob blob = draw_blob(random, side, fraction * side * side / static_cast<float>(blobs));
    for (std::int64_t y = 0; y < size; ++y) {
      for (std::int64_t x = 0; x < size; ++x) {
        const float depth = blob.depth(static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f);
        mask[y * size + x] = std::max(mask[y * size + x], std::clamp(depth + 0.5f, 0.0f, 1.0f));
      }
    }
  }
}

}  // namespace attune::tools
