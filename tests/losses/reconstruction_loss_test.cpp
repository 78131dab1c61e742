// The reconstruction loss as a layer: normalized by the foreground, in a graph with the network.
#include "losses/reconstruction_loss.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/support/errors.h"
#include "tests/support/tiny_harmonizer.h"

namespace attune::test {

namespace {

constexpr std::int64_t side = 64;

struct LossGraph {
  Context context{Device{}, 1};
  ReconstructionLossLayer layer;
  Graph graph;
  ValueId prediction = graph.input("prediction", true), target = graph.input("target"),
          mask = graph.input("mask"), loss;

  LossGraph(const reconstruction::Options& options, std::int64_t images)
      : layer(options), loss(graph.add(layer, {prediction, target, mask})[0]) {
    graph.add_loss(loss, 1);
    graph.plan(context,
               {{prediction, pictures_spec(images, side, side)},
                {target, pictures_spec(images, side, side)},
                {mask, masks_spec(images, side, side)}},
               Mode::training);
  }
  double run() {
    graph.forward(context);
    graph.backward(context);
    return static_cast<double>(*graph.value(loss).as<float>());
  }
  // The first `rows` rows of an image are foreground, and wrong by `error`.
  void set_image(std::int64_t image, std::int64_t rows, float error) {
    const auto fill_image = [&](ValueId value, float inside, float outside) {
      const TensorView view = graph.value(value).slice(image);
      const std::int64_t samples = view.elements() / side;
      for (std::int64_t i = 0; i < view.elements(); ++i)
        view.as<float>()[i] = i / samples < rows ? inside : outside;
    };
    fill_image(target, 0.5f, 0.5f);
    fill_image(prediction, 0.5f + error, 0.5f);
    fill_image(mask, 1, 0);
  }
};

double squared_loss(std::int64_t rows, float error) {
  LossGraph graph({}, 1);
  graph.set_image(0, rows, error);
  return graph.run();
}

}  // namespace

TEST_CASE("A small foreground's error counts as much as a large one's") {
  for (const std::int64_t rows : {1, 8, 64}) CHECK(squared_loss(rows, 0.25f) == Approx(0.0625));
}

TEST_CASE("Below the minimum area the foreground's error counts for less") {
  reconstruction::Options options;
  options.minimum_area_fraction = 0.25f;  // 16 of 64 rows
  LossGraph graph(options, 1);
  graph.set_image(0, 4, 0.25f);
  CHECK(graph.run() == Approx(0.0625 * 4 / 16));
}

TEST_CASE("An empty mask gives no loss and no gradient, beside an image that has both") {
  CHECK(squared_loss(0, 0.25f) == 0);
  LossGraph graph({}, 2);
  graph.set_image(0, 8, 0.25f);
  graph.set_image(1, 0, 0.25f);
  CHECK(graph.run() == Approx(0.0625 / 2));
  for (const std::int64_t image : {0, 1}) {
    const std::vector<float> gradient = floats_of(graph.graph.gradient(graph.prediction).slice(image));
    CHECK((gradient[0] != 0) == (image == 0));
    CHECK(
        std::all_of(gradient.begin() + 8 * side * 3, gradient.end(), [](float value) { return value == 0; }));
  }
}

TEST_CASE("A target that wants a gradient is refused") {
  Context context({}, 1);
  ReconstructionLossLayer layer{{}};
  Graph graph;
  const ValueId prediction = graph.input("prediction", true), target = graph.input("target", true),
                mask = graph.input("mask");
  graph.add_loss(graph.add(layer, {prediction, target, mask})[0], 1);
  const TensorSpec pictures = pictures_spec(1, side, side);
  graph.plan(context, {{prediction, pictures}, {target, pictures}, {mask, masks_spec(1, side, side)}},
             Mode::training);
  graph.forward(context);
  CHECK(kind_of([&] { graph.backward(context); }) == ErrorKind::argument);
}

TEST_CASE("The layer hands its penalty on") {
  const auto loss = [](reconstruction::Penalty penalty) {
    reconstruction::Options options;
    options.penalty = penalty;
    LossGraph graph(options, 1);
    graph.set_image(0, 8, 0.25f);
    return graph.run();
  };
  CHECK(loss(reconstruction::Penalty::absolute) == Approx(0.25));
  CHECK(loss(reconstruction::Penalty::robust) == Approx(std::sqrt(0.0625 + 1e-4) - 1e-2));
}

}  // namespace attune::test
