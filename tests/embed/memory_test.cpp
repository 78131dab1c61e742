// How much a large picture takes besides itself. Its own file, since a process's peak cannot be set back everywhere.
#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "attune/harmonizer.h"
#include "tests/embed/embedded_pictures.h"

namespace attune::test {

namespace {

std::int64_t status_kib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == key + ":") {
      std::int64_t kib = 0;
      status >> kib;
      return kib;
    }
  return 0;
}

// 100 megapixels: stripes, and a rectangle of a mask with soft edges.
struct LargePicture {
  static constexpr std::int64_t width = 12247, height = 8165;
  std::vector<std::uint8_t> image, mask;

  LargePicture() : image(3 * width * height), mask(width * height) {
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        const auto pixel = static_cast<std::size_t>(y * width + x);
        const bool inside = x > width / 4 && x < width * 3 / 4 && y > height / 4 && y < height * 3 / 4;
        mask[pixel] = inside ? ((x + y) % 500 == 0 ? 128 : 255) : 0;
        for (std::size_t c = 0; c < 3; ++c)
          image[3 * pixel + c] = static_cast<std::uint8_t>(
              (inside ? 60 : 150) + (x / 50 + y / 70 + 20 * static_cast<std::int64_t>(c)) % 90);
      }
  }
};

}  // namespace

TEST_CASE("A picture of 100 megapixels takes under 200 MB besides itself") {
  LargePicture large;
  api::Harmonizer harmonizer{api::Model(model_path())};
  attune_picture picture{};
  picture.width = LargePicture::width;
  picture.height = LargePicture::height;
  picture.image = picture.output = large.image.data();
  picture.mask = large.mask.data();
  const std::int64_t before = status_kib("VmRSS");
  CHECK(harmonizer.run(picture) == ATTUNE_MASK_BOTH);
  const std::int64_t after = status_kib("VmHWM");
  REQUIRE(before > 390000);  // picture and mask are there
  CHECK(after - before < 200000);
}

}  // namespace attune::test
