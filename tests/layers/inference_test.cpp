// What a network sees of a picture.
#include "layers/harmonizer/inference.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/support/tiny_harmonizer.h"

using namespace attune;

TEST_CASE("the network sees a picture scaled down to the inference size, and never enlarged") {
  ModelDescription model;
  model.inference_size = 100;
  const auto size = [&](std::int64_t height, std::int64_t width) {
    const PictureSize seen = network_size(model, {height, width});
    return std::pair(seen.height, seen.width);
  };
  CHECK(size(100, 40) == std::pair<std::int64_t, std::int64_t>(100, 40));
  CHECK(size(60, 200) == std::pair<std::int64_t, std::int64_t>(30, 100));
  CHECK(size(333, 250) == std::pair<std::int64_t, std::int64_t>(100, 75));
  CHECK(size(5000, 3) == std::pair<std::int64_t, std::int64_t>(100, 1));
  CHECK(size(232, 145) == std::pair<std::int64_t, std::int64_t>(100, 63));  // 62.5
  model.options.head = Head::blend;  // its output is the picture itself
  CHECK(size(60, 200) == std::pair<std::int64_t, std::int64_t>(60, 200));
}

namespace attune::test {

namespace {

// The columns [begin, end) of rows of `width` pixels.
std::vector<float> columns(const std::vector<float>& rows, std::int64_t width, std::int64_t channels,
                           std::int64_t begin, std::int64_t end) {
  std::vector<float> part;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t column = static_cast<std::int64_t>(i) / channels % width;
    if (column >= begin && column < end) part.push_back(rows[i]);
  }
  return part;
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("a tile that is told of the whole picture becomes that part of it") {
  constexpr std::int64_t height = 30, width = 163, begin = 64;
  constexpr std::int64_t reach = 35;  // of the convolutions of three levels
  for (const bool global : {false, true})
    for (const Fusion fusion :
         {Fusion::none, Fusion::instance, Fusion::internal, Fusion::external, Fusion::learned}) {
      INFO("fusion " << name_of(fusion) << ", global part: " << global);
      HarmonizerOptions options = tiny_options(fusion, Head::blend);
      options.global = global;
      ParameterStore store;
      const Harmonizer harmonizer(store, options);
      allocate_stirred(store, 5);
      Context context({}, 1);
      InferenceGraph whole(context, harmonizer, {height, width});
      const std::vector<float> picture = uniform_values(height * width * 3, 8);
      std::vector<float> mask(static_cast<std::size_t>(height * width));
      for (std::size_t i = 0; i < mask.size(); ++i)
        mask[i] = static_cast<std::int64_t>(i) % width < 110 ? 1.0f : 0.0f;  // most of the tile is background
      fill(whole.graph.value(whole.composite), picture);
      fill(whole.graph.value(whole.mask), mask);
      whole.graph.forward(context);

      InferenceGraph tile(context, harmonizer, {height, width - begin}, whole);
      fill(tile.graph.value(tile.composite), columns(picture, width, 3, begin, width));
      fill(tile.graph.value(tile.mask), columns(mask, width, 1, begin, width));
      tile.tell(context, whole);
      tile.graph.forward(context);
      const std::vector<float> all = floats_of(whole.graph.value(whole.result));
      const std::vector<float> part = floats_of(tile.graph.value(tile.result));
      CHECK(largest_difference(columns(part, width - begin, 3, reach, width - begin),
                               columns(all, width, 3, begin + reach, width)) < 1e-5f);
      // Statistics of its own would not do.
      if (fusion == Fusion::none) continue;
      InferenceGraph alone(context, harmonizer, {height, width - begin});
      fill(alone.graph.value(alone.composite), columns(picture, width, 3, begin, width));
      fill(alone.graph.value(alone.mask), columns(mask, width, 1, begin, width));
      alone.graph.forward(context);
      CHECK(
          largest_difference(columns(floats_of(alone.graph.value(alone.result)), width - begin, 3, reach, 46),
                             columns(all, width, 3, begin + reach, begin + 46)) > 1e-3f);
    }
}

}  // namespace attune::test
