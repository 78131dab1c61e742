// The harmonizer network: where the background's style reaches, what stays as it was, and refused options.
#include "layers/harmonizer/harmonizer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "tests/support/errors.h"
#include "tests/support/tiny_harmonizer.h"

namespace attune::test {

namespace {

// Columns: the deep foreground, the rest of it, the near background, and the far background. The convolutions reach
// neither from the background into the deep foreground nor from the far background into any foreground.
constexpr std::int64_t height = 16, width = 144, deep_width = 32, foreground_width = 72, far = 112;

struct Network {
  Context context{Device{}, 1};
  ParameterStore store;
  Harmonizer harmonizer;
  Graph graph;
  ValueId composite = graph.input("composite"), mask = graph.input("mask"), y;
  std::int64_t rows, columns;

  explicit Network(const HarmonizerOptions& options, bool stirred = true, std::int64_t rows_ = height,
                   std::int64_t columns_ = width)
      : harmonizer(store, options),
        y(harmonizer.add_to(graph, composite, mask)),
        rows(rows_),
        columns(columns_) {
    graph.keep(y);
    if (stirred)
      allocate_stirred(store, 5);
    else
      store.allocate(Device{}, 5);
    graph.plan(context, {{composite, pictures_spec(1, rows, columns)}, {mask, masks_spec(1, rows, columns)}},
               Mode::inference);
  }
  std::vector<float> run(const std::vector<float>& picture, const std::vector<float>& weights) {
    fill(graph.value(composite), picture);
    fill(graph.value(mask), weights);
    graph.forward(context);
    return floats_of(graph.value(y));
  }
  std::vector<float> picture() const { return uniform_values(rows * columns * 3, 8); }
  std::vector<float> constant_mask(float value) const {
    return std::vector<float>(static_cast<std::size_t>(rows * columns), value);
  }
};

std::vector<float> left_mask() {
  std::vector<float> mask(static_cast<std::size_t>(height * width));
  for (std::size_t i = 0; i < mask.size(); ++i)
    mask[i] = static_cast<std::int64_t>(i) % width < foreground_width ? 1 : 0;
  return mask;
}

// The picture with the far columns of its background darker and redder.
std::vector<float> with_far_background_swapped(std::vector<float> picture) {
  for (std::int64_t i = 0; i < height * width; ++i)
    for (std::int64_t c = 0; c < 3 && i % width >= far; ++c) {
      float& sample = picture[static_cast<std::size_t>(3 * i + c)];
      sample = c == 0 ? 0.4f + 0.6f * sample : 0.3f * sample;
    }
  return picture;
}

std::vector<float> deep_foreground(const std::vector<float>& picture) {
  std::vector<float> samples;
  for (std::size_t i = 0; i < picture.size(); ++i)
    if (static_cast<std::int64_t>(i / 3) % width < deep_width) samples.push_back(picture[i]);
  return samples;
}

// The pixels inside (or outside) the mask.
std::vector<float> region(const std::vector<float>& picture, const std::vector<float>& mask, bool inside) {
  std::vector<float> samples;
  for (std::size_t i = 0; i < picture.size(); ++i)
    if ((mask[i / 3] != 0) == inside) samples.push_back(picture[i]);
  return samples;
}

double mean_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::fabs(static_cast<double>(a[i] - b[i]));
  return sum / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("The background's style reaches the foreground through fusion, whatever the distance") {
  const std::vector<float> mask = left_mask();
  for (const Head head : {Head::affine, Head::blend})
    for (const Fusion fusion :
         {Fusion::none, Fusion::instance, Fusion::internal, Fusion::external, Fusion::learned}) {
      INFO("head " << static_cast<int>(head) << " fusion " << static_cast<int>(fusion));
      Network network(tiny_options(fusion, head));
      const std::vector<float> picture = network.picture(), other = with_far_background_swapped(picture);
      const std::vector<float> y = network.run(picture, mask), y_other = network.run(other, mask);
      const std::vector<float> inside = region(y, mask, true), inside_other = region(y_other, mask, true);
      CHECK(mean_difference(inside, region(picture, mask, true)) > 1e-3);
      if (fusion == Fusion::none)
        CHECK(same_bits(inside, inside_other));
      else
        CHECK(mean_difference(deep_foreground(y), deep_foreground(y_other)) > 1e-3);
      CHECK(same_bits(region(y, mask, false), region(picture, mask, false)));
      CHECK(same_bits(region(y_other, mask, false), region(other, mask, false)));
    }
}

TEST_CASE("With a global part both regions' styles reach the foreground, whatever the distance") {
  // Without any fusion nothing else reaches so far.
  HarmonizerOptions options = tiny_options(Fusion::none);
  options.global = true;
  Network network(options);
  const std::vector<float> mask = left_mask(), picture = network.picture();
  const std::vector<float> y = network.run(picture, mask);
  const auto change_of = [](const std::vector<float>& after, const std::vector<float>& before) {
    std::vector<float> change = deep_foreground(after);
    const std::vector<float> from = deep_foreground(before);
    for (std::size_t i = 0; i < change.size(); ++i) change[i] -= from[i];
    return change;
  };
  std::vector<float> other_background = with_far_background_swapped(picture), other_foreground = picture;
  for (std::int64_t i = 0; i < height * width; ++i)
    for (std::int64_t c = 0; c < 3 && i % width >= deep_width + 24 && i % width < foreground_width; ++c)
      other_foreground[static_cast<std::size_t>(3 * i + c)] *= 0.3f;
  for (const std::vector<float>& other : {other_background, other_foreground}) {
    const std::vector<float> y_other = network.run(other, mask);
    CHECK(mean_difference(change_of(y, picture), change_of(y_other, other)) > 1e-3);
    CHECK(same_bits(region(y_other, mask, false), region(other, mask, false)));
  }
}

TEST_CASE("Each kind of fusion makes another picture from the same weights") {
  // The three that have the same parameters.
  const std::vector<float> mask = left_mask();
  std::vector<std::vector<float>> results;
  for (const Fusion fusion : {Fusion::instance, Fusion::internal, Fusion::external}) {
    Network network(tiny_options(fusion));
    results.push_back(network.run(network.picture(), mask));
  }
  CHECK(mean_difference(results[0], results[1]) > 1e-3);
  CHECK(mean_difference(results[0], results[2]) > 1e-3);
  CHECK(mean_difference(results[1], results[2]) > 1e-3);
}

TEST_CASE("An empty mask returns the composite's bits, a full one a finite picture") {
  for (const Head head : {Head::affine, Head::blend}) {
    Network network(tiny_options(Fusion::learned, head), true, 21, 35);
    const std::vector<float> picture = network.picture();
    CHECK(same_bits(network.run(picture, network.constant_mask(0)), picture));
    const std::vector<float> full = network.run(picture, network.constant_mask(1));
    CHECK(std::all_of(full.begin(), full.end(), [](float value) { return std::isfinite(value); }));
    CHECK(mean_difference(full, picture) > 1e-3);
  }
}

TEST_CASE("An untrained network with the affine head returns the composite, under any mask") {
  for (const bool global : {false, true}) {
    HarmonizerOptions options = tiny_options();
    options.global = global;
    Network network(options, false, 21, 35);
    const std::vector<float> picture = network.picture();
    for (const std::vector<float>& mask :
         {network.constant_mask(0), network.constant_mask(1), uniform_values(21 * 35, 9)})
      CHECK(same_bits(network.run(picture, mask), picture));
  }
}

TEST_CASE("An image's result does not depend on its neighbours in the batch") {
  const HarmonizerOptions options = tiny_options();
  Network alone(options, true, 20, 28);
  const std::vector<float> picture = alone.picture(), mask = uniform_values(20 * 28, 9);
  const std::vector<float> expected = alone.run(picture, mask);
  Network batch(options, true, 20, 28);
  batch.graph.plan(batch.context,
                   {{batch.composite, pictures_spec(2, 20, 28)}, {batch.mask, masks_spec(2, 20, 28)}},
                   Mode::inference);
  std::vector<float> pictures = uniform_values(20 * 28 * 3, 11), masks = alone.constant_mask(0);
  pictures.insert(pictures.end(), picture.begin(), picture.end());
  masks.insert(masks.end(), mask.begin(), mask.end());
  const std::vector<float> both = batch.run(pictures, masks);
  const std::vector<float> second(both.begin() + 20 * 28 * 3, both.end());
  CHECK(mean_difference(second, expected) < 1e-6);
}

TEST_CASE("Packed parameters give the same bits, and are the packed ones until they are packed again") {
  for (const DType activations : {DType::f32, DType::bf16}) {
    HarmonizerOptions options = tiny_options();
    options.activations = activations;
    Network plain(options), packed(options);
    const std::vector<float> picture = plain.picture(), mask = left_mask();
    packed.graph.pack_parameters(packed.context);
    const std::vector<float> before = plain.run(picture, mask);
    CHECK(same_bits(packed.run(picture, mask), before));

    for (Network* network : {&plain, &packed})
      for (Parameter* parameter : network->harmonizer.parameters())
        if (parameter->decays) parameter->value.as<float>()[0] += 1;
    const std::vector<float> after = plain.run(picture, mask);
    CHECK(!same_bits(after, before));
    CHECK(same_bits(packed.run(picture, mask), before));
    packed.graph.pack_parameters(packed.context);
    CHECK(same_bits(packed.run(picture, mask), after));
  }
}

TEST_CASE("Options that make no network are refused by name") {
  const auto refusal = [](const std::function<void(HarmonizerOptions&)>& spoil) {
    HarmonizerOptions options = tiny_options();
    spoil(options);
    ParameterStore store;
    const Error error = error_of([&] { Harmonizer(store, options); });
    CHECK(error.kind() == ErrorKind::configuration);
    return std::string(error.what());
  };
  CHECK(contains(refusal([](auto& o) { o.channels = {8}; }), "model.channels has 1 levels"));
  CHECK(contains(refusal([](auto& o) { o.channels.assign(9, 4); }), "model.channels has 9 levels"));
  CHECK(contains(refusal([](auto& o) { o.channels[1] = 0; }), "model.channels: 0"));
  CHECK(contains(refusal([](auto& o) { o.channels[2] = 4097; }), "model.channels: 4097"));
  CHECK(contains(refusal([](auto& o) { o.fusion.assign(2, Fusion::none); }), "model.fusion has 2 entries"));
  CHECK(contains(refusal([](auto& o) { o.fusion.clear(); }), "model.fusion has 0 entries"));
}

}  // namespace attune::test
