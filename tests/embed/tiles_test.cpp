// Large pictures with the blend head: how tiles share a picture, and that they do not show.
#include "embed/tiles.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "attune/harmonizer.h"
#include "layers/harmonizer/model_file.h"
#include "tests/embed/embedded_pictures.h"
#include "tests/support/tiny_harmonizer.h"
#include "tests/tools/temporary_folder.h"

namespace attune::test {

namespace {

// A blend network that changes colours much and unevenly.
api::Harmonizer blend_harmonizer(bool global) {
  HarmonizerOptions options = tiny_options(Fusion::learned, Head::blend);
  options.global = global;
  ParameterStore store;
  const Harmonizer network(store, options);
  allocate_stirred(store, 5);
  for (const Parameter& parameter : store.all())
    if (parameter.name == "head.bias") parameter.value.as<float>()[3] = 1;
  const tools::TemporaryFolder folder;
  const std::string path = (folder.path() / "model.safetensors").string();
  save_model(path, 256, network, store, store.values());
  return api::Harmonizer(api::Model(path), -1, 2);
}

// Waves of several lengths, whose lower part is a darker foreground.
EmbeddedPicture waves(std::int64_t width, std::int64_t height, double finest = 0.02) {
  EmbeddedPicture picture(ATTUNE_RGB32F, 0, width, height);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const bool foreground = y > height / 3;
      picture.mask_at(x, y) = foreground ? 255 : 0;
      const double u = static_cast<double>(x), v = static_cast<double>(y);
      for (int c = 0; c < 3; ++c)
        picture.set_sample(x, y, c,
                           (foreground ? 0.3 : 0.6) + 0.1 * std::sin(u / (40 + 9 * c)) +
                               0.08 * std::sin(v / 61 + c) + finest * std::sin(u * 1.7 + v * 0.9));
    }
  return picture;
}

// How much steeper the change that the network made gets at columns where tiles begin or end: the mean second difference
// there over that everywhere else.
double seam(const EmbeddedPicture& picture, const std::vector<TileWindow>& windows) {
  std::vector<bool> is_border(static_cast<std::size_t>(picture.width), false);
  for (const TileWindow& window : windows)
    for (const std::int64_t column : {window.begin, window.end})
      if (column > 1 && column < picture.width - 1) is_border[static_cast<std::size_t>(column)] = true;
  double at_borders = 0, elsewhere = 0, borders = 0, others = 0;
  const auto change = [&](std::int64_t x, std::int64_t y, int c) {
    return picture.sample(picture.output, x, y, c) - picture.sample(picture.image, x, y, c);
  };
  for (std::int64_t y = picture.height / 2; y < picture.height; y += 3)
    for (std::int64_t x = 2; x < picture.width - 1; ++x)
      for (int c = 0; c < 3; ++c) {
        const double second = std::fabs(change(x + 1, y, c) - 2 * change(x, y, c) + change(x - 1, y, c)) +
                              std::fabs(change(x, y, c) - 2 * change(x - 1, y, c) + change(x - 2, y, c));
        const bool border = is_border[static_cast<std::size_t>(x)];
        (border ? at_borders : elsewhere) += second;
        (border ? borders : others) += 1;
      }
  REQUIRE(borders > 0);
  return at_borders / borders / (elsewhere / others);
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
        if (window.begin > 0) CHECK(window.weights.front() < 0.02f);
        if (window.end < size) CHECK(window.weights.back() < 0.02f);
      }
      CHECK(windows.front().begin == 0);
      CHECK(windows.back().end == size);
      for (const double sum : sums) REQUIRE(std::fabs(sum - 1) < 1e-6);
    }
}

TEST_CASE("An overview has the picture's shape and few pixels") {
  const PictureSize wide = overview_size({1000, 4000}), long_strip = overview_size({2, 1 << 20});
  CHECK(std::llabs(wide.width - 4 * wide.height) <= 4);
  CHECK((wide.width * wide.height <= most_whole_pixels &&
         wide.width * wide.height > most_whole_pixels * 9 / 10));
  CHECK((long_strip.height >= 1 && long_strip.width <= 1 << 20));
}

TEST_CASE("Tiles do not show, leave the background alone, and work in place and inverted") {
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
  CHECK(seam(picture, tile_windows(picture.width, 4)) < 1.2);

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
