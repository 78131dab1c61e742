// Large pictures with the blend head: how tiles share a picture, and that they do not show.
#include "embed/tiles.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "attune/harmonizer.h"
#include "tests/embed/blend_models.h"
#include "tests/embed/embedded_pictures.h"

namespace attune::test {

namespace {

// Waves of several lengths over a background that gets brighter to the right; the lower part is the foreground.
EmbeddedPicture waves(std::int64_t width, std::int64_t height, double finest = 0.02, double swing = 1) {
  EmbeddedPicture picture(ATTUNE_RGB32F, 0, width, height);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const bool foreground = y > height / 3;
      picture.mask_at(x, y) = foreground ? 255 : 0;
      const double u = static_cast<double>(x), v = static_cast<double>(y);
      for (int c = 0; c < 3; ++c)
        picture.set_sample(x, y, c,
                           (foreground ? 0.3 : 0.3 + 0.5 * u / static_cast<double>(width)) +
                               0.1 * swing * std::sin(u / (40 + 9 * c)) +
                               0.08 * swing * std::sin(v / 61 + c) + finest * std::sin(u * 1.7 + v * 0.9));
    }
  return picture;
}

// The mean change of the foreground's columns [x, x + 16).
double mean_change(const EmbeddedPicture& picture, std::int64_t x, int c) {
  double sum = 0;
  for (std::int64_t y = picture.height / 2; y < picture.height; y += 3)
    for (std::int64_t column = x; column < x + 16; ++column)
      sum += picture.sample(picture.output, column, y, c) - picture.sample(picture.image, column, y, c);
  return sum;
}

// How much more the network's change differs across where tiles fade into each other than across as many columns elsewhere.
double seam(const EmbeddedPicture& picture, const std::vector<TileWindow>& windows) {
  double across_fades = 0, elsewhere = 0, fades = 0, others = 0;
  for (std::int64_t x = 40; x + 56 < picture.width; x += 8) {
    bool fading = false, near = false;
    for (const TileWindow& window : windows)
      for (std::int64_t p = window.begin; p < window.end; ++p) {
        const float weight = window.weights[static_cast<std::size_t>(p - window.begin)];
        const bool fades_here = weight > 0 && weight < 1;
        fading = fading || (fades_here && std::llabs(p - x) < 4);
        near = near || (fades_here && std::llabs(p - x) < 60);
      }
    if (!fading && near) continue;
    double step = 0;
    for (int c = 0; c < 3; ++c)
      step += std::fabs(mean_change(picture, x + 24, c) - mean_change(picture, x - 40, c));
    (fading ? across_fades : elsewhere) += step;
    (fading ? fades : others) += 1;
  }
  REQUIRE((fades > 0 && others > 0));
  return across_fades / fades / (elsewhere / others);
}

// The picture as it would be if each column of tiles were a picture of its own.
EmbeddedPicture tile_by_tile(api::Harmonizer& harmonizer, const EmbeddedPicture& picture,
                             const std::vector<TileWindow>& windows) {
  EmbeddedPicture result = picture;
  result.output = result.image;
  for (const TileWindow& window : windows) {
    EmbeddedPicture tile(ATTUNE_RGB32F, 0, window.end - window.begin, picture.height);
    for (std::int64_t y = 0; y < tile.height; ++y)
      for (std::int64_t x = 0; x < tile.width; ++x) {
        tile.mask_at(x, y) = result.mask_at(window.begin + x, y);
        for (int c = 0; c < 3; ++c)
          tile.set_sample(x, y, c, picture.sample(picture.image, window.begin + x, y, c));
      }
    harmonizer.run(tile.description());
    std::swap(result.image, result.output);  // set_sample writes the image
    for (std::int64_t y = 0; y < tile.height; ++y)
      for (std::int64_t x = 0; x < tile.width; ++x)
        for (int c = 0; c < 3; ++c) {
          const double share = static_cast<double>(window.weights[static_cast<std::size_t>(x)]);
          const double change = tile.sample(tile.output, x, y, c) - tile.sample(tile.image, x, y, c);
          result.set_sample(window.begin + x, y, c,
                            result.sample(result.image, window.begin + x, y, c) + share * change);
        }
    std::swap(result.image, result.output);
  }
  return result;
}

}  // namespace

TEST_CASE("Windows cover an axis, begin on the network's grid, and weigh 1 together") {
  for (const std::int64_t size : {1, 100, 512, 513, 520, 640, 641, 900, 1000, 1537, 4096, 9999})
    for (const std::int64_t stride : {4, 16, 64}) {
      INFO("size " << size << ", stride " << stride);
      const std::vector<TileWindow> windows = tile_windows(size, stride);
      std::vector<double> sums(static_cast<std::size_t>(size));
      for (const TileWindow& window : windows) {
        CHECK(window.begin % stride == 0);
        CHECK(window.end - window.begin <= 512 + stride);
        REQUIRE(static_cast<std::int64_t>(window.weights.size()) == window.end - window.begin);
        for (std::int64_t p = window.begin; p < window.end; ++p)
          sums[static_cast<std::size_t>(p)] +=
              static_cast<double>(window.weights[static_cast<std::size_t>(p - window.begin)]);
        if (window.begin > 0) CHECK(window.weights[63] == 0);
        if (window.end < size) CHECK(window.weights[window.weights.size() - 64] == 0);
      }
      CHECK(windows.front().begin == 0);
      CHECK(windows.back().end == size);
      for (const double sum : sums) REQUIRE(std::fabs(sum - 1) < 1e-6);
    }
}

TEST_CASE("What is seen whole has few pixels, with those that pad a strip") {
  CHECK(!needs_tiles({724, 724}, 4));
  CHECK(needs_tiles({724, 728}, 4));
  CHECK(needs_tiles({1, 1 << 16}, 16));
  CHECK(!needs_tiles({1, 1 << 14}, 16));
  for (const PictureSize& size :
       {PictureSize{1000, 4000}, PictureSize{4000, 1000}, PictureSize{727, 725}, PictureSize{1, 1 << 20},
        PictureSize{1 << 20, 3}, PictureSize{17, 1 << 20}}) {
    INFO(size.width << "x" << size.height);
    const PictureSize overview = overview_size(size, 16);
    CHECK(!needs_tiles(overview, 16));
    CHECK((overview.height >= 1 && overview.height <= size.height));
    CHECK((overview.width >= 1 && overview.width <= size.width));
  }
  const PictureSize wide = overview_size({1000, 4000}, 16);
  CHECK(std::llabs(wide.width - 4 * wide.height) <= 64);
  CHECK(wide.width * wide.height > 440000);
}

TEST_CASE("Tiles do not show, where pictures of their own would") {
  // As many levels as the shipped network has.
  api::Harmonizer harmonizer = blend_harmonizer(true, {8, 12, 16, 16, 16});
  EmbeddedPicture picture = waves(1500, 400, 0.02, 0.2);
  harmonizer.run(picture.description());
  const std::vector<TileWindow> windows = tile_windows(picture.width, 16);
  REQUIRE(windows.size() > 2);
  CHECK(seam(picture, windows) < 1.15);
  CHECK(seam(tile_by_tile(harmonizer, picture, windows), windows) > 5);
}

TEST_CASE("Tiles leave the background alone, and work in place and inverted") {
  api::Harmonizer harmonizer = blend_harmonizer(true);
  EmbeddedPicture picture = waves(1100, 700);
  CHECK(harmonizer.run(picture.description()) == ATTUNE_MASK_BOTH);
  double change = 0;
  int touched = 0;
  for (std::int64_t y = 0; y < picture.height; ++y)
    for (std::int64_t x = 0; x < picture.width; ++x)
      for (int c = 0; c < 3; ++c) {
        const double difference =
            picture.sample(picture.output, x, y, c) - picture.sample(picture.image, x, y, c);
        if (picture.mask_at(x, y) == 0)
          touched += difference != 0;
        else
          change += std::fabs(difference);
      }
  CHECK(touched == 0);
  CHECK(change / static_cast<double>(picture.width * picture.height * 2) > 0.02);

  EmbeddedPicture in_place = picture;
  attune_picture description = in_place.description();
  description.output = in_place.image.data();
  harmonizer.run(description);
  CHECK((in_place.image == picture.output));  // in brackets: Catch would print megabytes

  EmbeddedPicture inverted = picture;
  for (std::uint8_t& m : inverted.mask) m = static_cast<std::uint8_t>(255 - m);
  attune_harmonize_options invert = ATTUNE_HARMONIZE_OPTIONS_INIT;
  invert.invert = 1;
  harmonizer.run(inverted.description(), invert);
  double largest = 0;  // the masks of the overview are rounded otherwise
  for (std::int64_t y = 0; y < picture.height; ++y)
    for (std::int64_t x = 0; x < picture.width; ++x)
      for (int c = 0; c < 3; ++c)
        largest = std::max(largest, std::fabs(inverted.sample(inverted.output, x, y, c) -
                                              picture.sample(picture.output, x, y, c)));
  CHECK(largest < 1e-5);
}

TEST_CASE("A picture in tiles is like one that is seen whole") {
  // Of as many pixels as are just seen whole, and a few more. An overview would blur the finest waves,
  // and a global part of random weights makes much of little.
  api::Harmonizer harmonizer = blend_harmonizer(false);
  EmbeddedPicture whole = waves(724, 724, 0), tiled = waves(724, 728, 0);
  for (std::int64_t y = 0; y < 728; ++y)
    for (std::int64_t x = 0; x < 724; ++x) {
      tiled.mask_at(x, y) = y > 241 ? 255 : 0;
      for (int c = 0; c < 3; ++c)
        if (y < 724) tiled.set_sample(x, y, c, whole.sample(whole.image, x, y, c));
    }
  harmonizer.run(whole.description());
  harmonizer.run(tiled.description());
  double difference = 0, change = 0;
  for (std::int64_t y = 242; y < 660; ++y)
    for (std::int64_t x = 0; x < 724; ++x)
      for (int c = 0; c < 3; ++c) {
        const double result = whole.sample(whole.output, x, y, c);
        difference += std::fabs(result - tiled.sample(tiled.output, x, y, c));
        change += std::fabs(result - whole.sample(whole.image, x, y, c));
      }
  // The overview's styles are a few per cent off: its regions have softer edges. Random weights make much of that.
  CHECK(difference < 0.2 * change);
}

}  // namespace attune::test
