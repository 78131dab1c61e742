// What eval and validation score is what `attune harmonize` writes, before it is rounded.
#include "tools/eval/network.h"

#include <catch2/catch.hpp>

#include "embed/model.h"
#include "embed/session.h"
#include "tests/embed/embedded_pictures.h"
#include "tests/support/tiny_harmonizer.h"
#include "tests/tools/temporary_folder.h"

using namespace attune;
using namespace attune::tools;

namespace {

Image image_of(const std::vector<std::uint8_t>& samples, std::int64_t width, std::int64_t height,
               int channels) {
  Image image(width, height, channels);
  image.pixels = samples;
  return image;
}

// The largest difference to the program's own result with 16 bits, on the 0..255 scale.
double difference(const Harmonizer& harmonizer, ParameterStore& store, std::int64_t inference_size) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "model.safetensors";
  save_model(path, inference_size, harmonizer, store, store.values());
  test::EmbeddedPicture deep(ATTUNE_RGB16), shallow;
  const Session::Handle session =
      Session::make(std::make_shared<const Model>(path), test::session_options(-1, 1), Allocator());
  session->harmonize({deep.description()}, ATTUNE_HARMONIZE_OPTIONS_INIT);

  Context context;
  EvaluationNetwork network(context, harmonizer, inference_size);
  const std::int64_t width = shallow.width, height = shallow.height;
  const FloatImage output =
      network.harmonize(image_of(shallow.image, width, height, 3), image_of(shallow.mask, width, height, 1));
  double worst = 0, change = 0;
  for (std::int64_t i = 0; i < width * height * 3; ++i) {
    const double scored = static_cast<double>(output.pixels[static_cast<std::size_t>(i)]);
    const double written =
        deep.sample(deep.output, i / 3 % width, i / 3 / width, static_cast<int>(i % 3)) / 257.0;
    worst = std::max(worst, std::abs(scored - written));
    change = std::max(change, std::abs(scored - shallow.image[static_cast<std::size_t>(i)]));
  }
  CHECK(change > 1);
  return worst;
}

}  // namespace

TEST_CASE("a picture is scored as it is harmonized, at any inference size") {
  const auto [head, head_level] =
      GENERATE(std::pair(Head::affine, 1), std::pair(Head::affine, 2), std::pair(Head::blend, 1));
  HarmonizerOptions options = test::tiny_options(Fusion::learned, head);
  options.head_level = head_level;
  ParameterStore store;
  const Harmonizer harmonizer(store, options);
  test::allocate_stirred(store, 5);
  for (const std::int64_t inference_size : {16, 32, 256}) {
    INFO("inference size " << inference_size);
    CHECK(difference(harmonizer, store, inference_size) <= 0.5 / 257 + 1e-3);
  }
}

TEST_CASE("without any background nothing is changed") {
  ParameterStore store;
  const Harmonizer harmonizer(store, test::tiny_options());
  test::allocate_stirred(store, 5);
  const test::EmbeddedPicture picture;
  const Image composite = image_of(picture.image, picture.width, picture.height, 3);
  Image mask(picture.width, picture.height, 1);
  std::fill(mask.pixels.begin(), mask.pixels.end(), std::uint8_t{255});
  Context context;
  EvaluationNetwork network(context, harmonizer, 256);
  CHECK(network.harmonize(composite, mask).pixels == to_float(composite).pixels);
  mask.pixels.front() = 254;
  CHECK(network.harmonize(composite, mask).pixels != to_float(composite).pixels);
}
