// The classical baselines of eval: what they make of foregrounds whose statistics are known.
#include "tools/eval/classical.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/philox.h"
#include "tools/data/random.h"
#include "tools/data/transfer.h"

using namespace attune;
using namespace attune::tools;

namespace {

constexpr std::int64_t side = 40;

// A grey-ish random picture whose left half, the foreground, is the right half mirrored, each level moved by `move`.
struct Scene {
  Image composite{side, side, 3}, mask{side, side, 1};

  template <class Move>
  explicit Scene(const Move& move, std::uint8_t mask_value = 255) {
    PhiloxStream random(1, 2);
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t x = 0; x < side / 2; ++x) {
        mask.row(y)[x] = mask_value;
        for (std::int64_t c = 0; c < 3; ++c) {
          const auto level = static_cast<std::uint8_t>(random.uniform(60, 180));
          composite.row(y)[3 * (side - 1 - x) + c] = level;
          composite.row(y)[3 * x + c] = move(level);
        }
      }
  }
};

std::uint8_t darkened(std::uint8_t level) { return static_cast<std::uint8_t>(level / 2 + 20); }

Pixels half(const FloatImage& image, bool left) {
  Pixels pixels;
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t x = left ? 0 : side / 2; x < (left ? side / 2 : side); ++x) {
      const float* p = image.row(y) + 3 * x;
      pixels.push_back(lab_from_srgb({p[0] / 255, p[1] / 255, p[2] / 255}));
    }
  return pixels;
}

}  // namespace

TEST_CASE("histogram gives a foreground of moved levels the levels that its background has") {
  const Scene scene(darkened);
  const FloatImage result = classical_method("histogram")(scene.composite, scene.mask);
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t x = 0; x < side / 2; ++x)
      for (std::int64_t c = 0; c < 3; ++c) {
        // Two levels share one after the division by 2.
        const auto original = static_cast<float>(scene.composite.row(y)[3 * (side - 1 - x) + c]);
        CHECK(std::abs(result.row(y)[3 * x + c] - original) <= 1);
      }
}

TEST_CASE("reinhard gives the foreground the background's mean and deviation in Lab") {
  const Scene scene(darkened);
  const FloatImage result = classical_method("reinhard")(scene.composite, scene.mask);
  const ColorStatistics foreground = color_statistics(half(result, true)),
                        background = color_statistics(half(result, false));
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(foreground.mean[c] == Approx(background.mean[c]).margin(0.05));
    CHECK(std::sqrt(foreground.covariance[c][c]) ==
          Approx(std::sqrt(background.covariance[c][c])).epsilon(0.01));
  }
}

TEST_CASE("classical methods leave the background, and blend by a soft mask") {
  for (const std::string& name : classical_methods()) {
    INFO(name);
    const Scene hard(darkened), soft(darkened, 200);
    const FloatImage whole = classical_method(name)(hard.composite, hard.mask),
                     part = classical_method(name)(soft.composite, soft.mask),
                     before = to_float(hard.composite);
    for (std::int64_t y = 0; y < side; ++y)
      for (std::int64_t i = 0; i < 3 * side; ++i) {
        const float from = before.row(y)[i], to = whole.row(y)[i];
        if (i >= 3 * side / 2) CHECK(to == from);
        CHECK(part.row(y)[i] == Approx(from + (to - from) * 200 / 255).margin(1e-3));
      }
  }
}

TEST_CASE("classical methods change nothing without a foreground or without a background") {
  for (const std::string& name : classical_methods())
    for (const std::uint8_t everywhere : {std::uint8_t{0}, std::uint8_t{255}}) {
      Scene scene(darkened);
      std::fill(scene.mask.pixels.begin(), scene.mask.pixels.end(), everywhere);
      CHECK(classical_method(name)(scene.composite, scene.mask).pixels == to_float(scene.composite).pixels);
    }
  CHECK_THROWS_AS(classical_method("lalonde"), Error);
}
