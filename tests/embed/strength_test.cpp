// The strength: exact at both ends, in proportion and in order between them, with either head and sample size.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "attune/harmonizer.h"
#include "layers/harmonizer/model_file.h"
#include "tests/embed/embedded_pictures.h"
#include "tests/support/tiny_harmonizer.h"
#include "tests/tools/temporary_folder.h"

namespace attune::test {

namespace {

// A small network whose first colour goes up by about `shift` of its range and whose second goes down as far.
api::Harmonizer harmonizer_of(Head head, float shift) {
  ParameterStore store;
  const Harmonizer network(store, tiny_options(Fusion::learned, head));
  allocate_stirred(store, 5);
  for (const Parameter& parameter : store.all()) {
    if (parameter.name != "head.bias") continue;
    float* bias = parameter.value.as<float>();
    const int first = head == Head::affine ? 9 : 0;  // of a transform's addends, or the colours themselves
    bias[first] += shift;
    bias[first + 1] -= shift;
    if (head == Head::blend) bias[3] = 4;  // the blending map: almost all of the network's colours
  }
  const tools::TemporaryFolder folder;
  const std::string path = (folder.path() / "model.safetensors").string();
  save_model(path, 256, network, store, store.values());
  return api::Harmonizer(api::Model(path), -1, 1);
}

// Calls check(harmonizer, picture) for both heads and all kinds of rows.
template <class Check>
void for_each_head_and_format(float shift, const Check& check) {
  for (const Head head : {Head::affine, Head::blend}) {
    api::Harmonizer harmonizer = harmonizer_of(head, shift);
    for (const attune_pixel_format format : all_formats)
      for (const std::int64_t padding : {0, 8}) {
        INFO(name_of(head) << ", format " << format << ", padding " << padding);
        check(harmonizer, EmbeddedPicture(format, padding));
      }
  }
}

EmbeddedPicture harmonized(api::Harmonizer& harmonizer, EmbeddedPicture picture, float strength) {
  CHECK(harmonizer.run(picture.description(), strength) == ATTUNE_MASK_BOTH);
  return picture;
}

// How the samples of one picture at a strength lie to those of weaker, full and no strength.
struct Samples {
  int misplaced = 0;  // off the line between the picture and full strength by more than rounding
  int backwards = 0;  // further from full strength than the weaker
  int touched = 0;    // background or alpha that is not as it was
  int between = 0;    // neither as it was nor as at full strength
  int saturated = 0;  // black or white at full strength, from another value
};

void count_sample(Samples& samples, double strength, double before, double weaker, double now, double full,
                  double peak) {
  // Both ends of the comparison are rounded, the far one by `strength` of its half; f32 has the rest.
  const double slack = peak == 1 ? 1e-6 : 0.5 + 0.5 * strength + 0.05;
  samples.misplaced += std::fabs(now - (before + strength * (full - before))) > slack;
  samples.backwards += full >= before ? now < weaker : now > weaker;
  samples.between += now != before && now != full;
  samples.saturated += full != before && (full == 0 || full == peak);
}

Samples samples_of(double strength, const EmbeddedPicture& weaker, EmbeddedPicture& now,
                   const EmbeddedPicture& full) {
  Samples samples;
  for (std::int64_t y = 0; y < now.height; ++y)
    for (std::int64_t x = 0; x < now.width; ++x)
      for (int c = 0; c < now.channels(); ++c) {
        const double before = now.sample(now.image, x, y, c), value = now.sample(now.output, x, y, c);
        if (now.mask_at(x, y) == 0 || c == 3)
          samples.touched += value != before;
        else
          count_sample(samples, strength, before, weaker.sample(weaker.output, x, y, c), value,
                       full.sample(full.output, x, y, c), now.peak());
      }
  return samples;
}

}  // namespace

TEST_CASE("Strength 0 gives the picture back to the bit, whatever the network says") {
  for_each_head_and_format(std::numeric_limits<float>::quiet_NaN(),
                           [](api::Harmonizer& harmonizer, EmbeddedPicture picture) {
                             CHECK(harmonized(harmonizer, picture, 0).output == picture.image);
                             const std::vector<std::uint8_t> image = picture.image;
                             attune_picture in_place = picture.description();
                             in_place.output = picture.image.data();
                             CHECK(harmonizer.run(in_place, 0) == ATTUNE_MASK_BOTH);
                             CHECK(picture.image == image);
                           });
}

TEST_CASE("Strength 1 is what is done without a word on it") {
  for_each_head_and_format(0.6f, [](api::Harmonizer& harmonizer, EmbeddedPicture picture) {
    CHECK(harmonizer.run(picture.description()) == ATTUNE_MASK_BOTH);
    CHECK(harmonized(harmonizer, picture, 1).output == picture.output);
    CHECK(picture.output != picture.image);
  });
}

TEST_CASE("Strengths between go as far as they say, and never back") {
  for_each_head_and_format(0.6f, [](api::Harmonizer& harmonizer, const EmbeddedPicture& picture) {
    const EmbeddedPicture full = harmonized(harmonizer, picture, 1);
    EmbeddedPicture weaker = harmonized(harmonizer, picture, 0);
    for (const float strength : {0.01f, 0.1f, 0.25f, 0.5f, 0.75f, 0.9f, 1.0f}) {
      INFO("strength " << strength);
      EmbeddedPicture now = harmonized(harmonizer, picture, strength);
      const Samples samples = samples_of(static_cast<double>(strength), weaker, now, full);
      CHECK(samples.misplaced == 0);
      CHECK(samples.backwards == 0);
      CHECK(samples.touched == 0);
      CHECK(samples.saturated > 100);
      if (strength == 0.5f) CHECK(samples.between > 500);
      weaker = now;
    }
  });
}

}  // namespace attune::test
