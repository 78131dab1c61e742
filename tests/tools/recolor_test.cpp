// Parametric edits and the recolouring generator: identities, known edits, purity, and how far the changes reach.
#include "tools/data/recolor.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tools/data/random.h"

using namespace attune;
using namespace attune::tools;

namespace {

constexpr std::uint64_t seed = 77;

Region region_around(const Color& mean, float spread, std::uint32_t stream) {
  PhiloxStream random(seed, stream);
  Region region;
  for (int i = 0; i < 1500; ++i) {
    const float light = normal(random) * spread;
    Color pixel{};
    for (std::size_t c = 0; c < 3; ++c)
      pixel[c] = std::clamp(mean[c] + light + normal(random) * 0.03f, 0.0f, 1.0f);
    region.pixels.push_back(pixel);
    region.weight.push_back(1);
    region.position.push_back({random.uniform(), random.uniform()});
  }
  return region;
}

Region random_region(std::uint32_t stream) {
  PhiloxStream random(seed, stream, 1);
  const Color mean{random.uniform(0.2f, 0.7f), random.uniform(0.2f, 0.7f), random.uniform(0.2f, 0.7f)};
  return region_around(mean, random.uniform(0.05f, 0.2f), stream);
}

Pixels draw_other(PhiloxStream& random) { return random_region(1000 + random.below(1000)).pixels; }

}  // namespace

TEST_CASE("the default edit changes nothing") {
  const Region region = region_around({0.4f, 0.5f, 0.3f}, 0.1f, 1);
  CHECK(apply_edit(Edit{}, region) == region.pixels);
  CHECK(apply_edit(Edit{}, Region{}).empty());
}

TEST_CASE("each part of an edit does what its name says") {
  Region region;
  region.pixels = {{0.5f, 0.5f, 0.5f}, {0.25f, 0.5f, 0.75f}};
  region.weight = {1, 1};
  region.position = {{0.0f, 0.5f}, {1.0f, 0.5f}};
  Edit edit;
  SECTION("one stop doubles linear light") {
    edit.exposure_stops = 1;
    const Pixels result = apply_edit(edit, region);
    CHECK(static_cast<double>(linear_from_srgb(result[0][1])) == Approx(2 * 0.2140411).epsilon(1e-5));
  }
  SECTION("a gradient of two stops is one stop down at the left and one up at the right") {
    edit.gradient_stops = 2;
    const Pixels result = apply_edit(edit, region);
    CHECK(static_cast<double>(linear_from_srgb(result[0][1])) == Approx(0.2140411 / 2).epsilon(1e-5));
    CHECK(static_cast<double>(linear_from_srgb(result[1][1])) == Approx(2 * 0.2140411).epsilon(1e-5));
  }
  SECTION("no saturation leaves the luma") {
    edit.saturation = 0;
    const Pixels result = apply_edit(edit, region);
    CHECK(result[1][0] == result[1][2]);
    CHECK(static_cast<double>(result[1][0]) == Approx(static_cast<double>(luma(region.pixels[1]))));
  }
  SECTION("contrast moves away from the mean luma") {
    edit.contrast = 2;
    const float mean = (luma(region.pixels[0]) + luma(region.pixels[1])) / 2;
    const Pixels result = apply_edit(edit, region);
    CHECK(static_cast<double>(result[1][0]) == Approx(static_cast<double>(mean + 2 * (0.25f - mean))));
  }
  SECTION("gamma is a power") {
    edit.gamma = 2;
    CHECK(static_cast<double>(apply_edit(edit, region)[1][2]) == Approx(0.5625));
  }
  SECTION("brightness keeps black and white, and what it does another undoes") {
    region.pixels = {{0, 0.5f, 1}, {-0.1f, 0.25f, 1.1f}};
    edit.log_brightness = std::log(3.0f);
    const Pixels result = apply_edit(edit, region);
    CHECK(result[0][0] == 0);
    CHECK(static_cast<double>(result[0][1]) == Approx(0.75));
    CHECK(result[0][2] == 1);
    CHECK(static_cast<double>(result[1][0]) == Approx(-0.3));
    CHECK(static_cast<double>(result[1][2]) == Approx(1 + 0.1 / 3));
    Edit back;
    back.log_brightness = -edit.log_brightness;
    region.pixels = result;
    const Pixels again = apply_edit(back, region);
    CHECK(static_cast<double>(again[1][0]) == Approx(-0.1));
    CHECK(static_cast<double>(again[1][1]) == Approx(0.25));
    CHECK(static_cast<double>(again[1][2]) == Approx(1.1));
  }
  SECTION("a curve moves its channel only") {
    edit.curve_offsets[1][2] = 0.1f;  // green at 1/2
    const Pixels result = apply_edit(edit, region);
    CHECK(static_cast<double>(result[0][1]) == Approx(0.6).margin(1e-4));
    CHECK(result[0][0] == region.pixels[0][0]);
  }
  SECTION("warmer light raises red against blue, more green is more green") {
    edit.mired_shift = 60;
    edit.tint = 0.2f;
    const Pixels result = apply_edit(edit, region);
    CHECK(result[0][0] > result[0][2]);
    CHECK(result[0][1] > 0.5f);
  }
}

TEST_CASE("a recolouring is a pure function of its arguments") {
  const Region region = random_region(5);
  const RecolorOptions options;
  for (std::uint32_t step = 0; step < 10; ++step) {
    PhiloxStream first(seed, step), second(seed, step), other(seed + 1, step);
    const Recoloring a = recolor(region, draw_other, options, first);
    const Recoloring b = recolor(region, draw_other, options, second);
    CHECK(a.pixels == b.pixels);
    CHECK(a.pixels != recolor(region, draw_other, options, other).pixels);
  }
  PhiloxStream random(seed, 0);
  CHECK(recolor(Region{}, draw_other, options, random).pixels.empty());
}

TEST_CASE("recolourings stay in range, keep to their limits and reach as far as iHarmony4") {
  const RecolorOptions options;
  std::vector<double> errors;
  int accepted = 0;
  double largest_shift = 0;
  for (std::uint32_t i = 0; i < 400; ++i) {
    INFO("region " << i);
    const Region region = random_region(i);
    PhiloxStream random(seed, i, 2);
    const Recoloring result = recolor(region, draw_other, options, random);
    REQUIRE(result.pixels.size() == region.pixels.size());
    for (const Color& pixel : result.pixels) {
      for (const float value : pixel) CHECK((value >= 0 && value <= 1));
    }
    if (result.accepted) {
      ++accepted;
      CHECK(result.fmse >= static_cast<double>(options.mild.min_fmse));
      CHECK(result.fmse <= static_cast<double>(options.strong.max_fmse));
      CHECK(result.clipped <= static_cast<double>(options.max_clipped));
    }
    const ColorStatistics before = color_statistics(region.pixels), after = color_statistics(result.pixels);
    for (std::size_t c = 0; c < 3; ++c) {
      largest_shift = std::max(largest_shift, 255 * std::abs(after.mean[c] - before.mean[c]));
    }
    errors.push_back(result.fmse);
  }
  std::sort(errors.begin(), errors.end());
  double mean = 0;
  for (const double error : errors) mean += error / static_cast<double>(errors.size());
  CHECK(accepted > 340);
  CHECK(mean > 997);
  CHECK(mean < 2500);
  CHECK(errors[40] < 300);    // a tenth is mild
  CHECK(errors[360] > 3000);  // a tenth is strong
  CHECK(largest_shift > 90);
}

TEST_CASE("without a reference a recolouring is an edit; an unreachable range keeps the nearest draw") {
  RecolorOptions options;
  options.methods = {1, 0, 0, 0, 0, 0};
  const Region region = random_region(3);
  PhiloxStream random(seed, 9);
  const Recoloring result = recolor(
      region, [](PhiloxStream&) { return Pixels{}; }, options, random);
  CHECK(result.fmse > 0);
  options.mild = options.medium = options.strong = {1, 0.01f, 0.1f, 0.1f, 50000, 60000};
  const Recoloring nearest = recolor(region, draw_other, options, random);
  CHECK_FALSE(nearest.accepted);
  CHECK(nearest.pixels.size() == region.pixels.size());
}

TEST_CASE("a recolouring reports its error under the mask's weights, and what it clipped") {
  RecolorOptions options;
  options.mild = options.medium = options.strong = {1, 3, 1, 1, 0, 1e9f};
  options.methods = {0, 0, 0, 0, 0, 1};
  options.max_clipped = 1;
  Region region = region_around({0.8f, 0.7f, 0.75f}, 0.05f, 4);
  for (std::size_t i = 0; i < region.weight.size(); ++i) region.weight[i] = i % 2 == 0 ? 1.0f : 0.25f;
  double clipped = 0;
  for (std::uint32_t i = 0; i < 20; ++i) {
    PhiloxStream random(seed, i, 7);
    const Recoloring result = recolor(region, draw_other, options, random);
    double error = 0, weight = 0, at_ends = 0;
    for (std::size_t p = 0; p < region.pixels.size(); ++p) {
      const auto w = static_cast<double>(region.weight[p]);
      bool ends = false;
      for (std::size_t c = 0; c < 3; ++c) {
        const float after = result.pixels[p][c];
        error += std::pow(255 * w * static_cast<double>(after - region.pixels[p][c]), 2);
        ends = ends || after == 0 || after == 1;
      }
      at_ends += ends / static_cast<double>(region.pixels.size());
      weight += w;
    }
    CHECK(result.fmse == Approx(error / (3 * weight)).epsilon(1e-6));
    CHECK(result.clipped <= at_ends + 1e-9);
    clipped += result.clipped;
  }
  CHECK(clipped > 1);
}
