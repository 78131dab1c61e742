// What a network sees of a picture.
#include "layers/harmonizer/inference.h"

#include <catch2/catch.hpp>

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
  model.options.head = Head::blend;  // its output is the picture itself
  CHECK(size(60, 200) == std::pair<std::int64_t, std::int64_t>(60, 200));
}
