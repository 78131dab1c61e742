// Graphs: gradients where values and layers are used more than once, and what a gradient reaches.
#include "layers/graph.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "layers/linear.h"
#include "layers/upsample_concat.h"
#include "tests/layers/graph_layers.h"
#include "tests/support/compare.h"
#include "tests/support/tiny_harmonizer.h"

namespace attune::test {

namespace {

constexpr std::int64_t rows = 5, width = 4;
const TensorSpec rows_spec{{2, rows, width}, DType::f32, true};

// Linear layers of one width with the same initial weights, whatever graph they stand in.
struct Layers {
  Context context{Device{}, 1};
  ParameterStore store;
  LinearLayer first{store, "first", width, width, Activation::relu};
  LinearLayer second{store, "second", width, width, Activation::relu};
  WeightedSumLayer sum;
  Layers() {
    allocate_stirred(store, 1);
    // What nobody overwrites must show.
    for (std::int64_t i = 0; i < store.count(); ++i) store.gradients().as<float>()[i] = NAN;
  }

  void make_equal() {
    for (std::size_t i = 0; i < 2; ++i)
      fill(second.parameters()[i]->value, floats_of(first.parameters()[i]->value));
  }
  // Fills each input with seeded numbers, then runs the graph both ways.
  void run(Graph& graph, const std::vector<ValueId>& inputs) {
    std::map<ValueId, TensorSpec> specs;
    for (const ValueId input : inputs) specs[input] = rows_spec;
    graph.plan(context, specs, Mode::training);
    for (const ValueId input : inputs)
      fill(graph.value(input),
           uniform_values(rows_spec.shape.elements(), 10 + static_cast<std::uint64_t>(input)));
    graph.forward(context);
    graph.backward(context);
  }
};

std::vector<double> gradients_of(const Layer& layer) {
  std::vector<double> all;
  for (const Parameter* parameter : layer.parameters())
    for (const float value : floats_of(parameter->gradient)) all.push_back(static_cast<double>(value));
  return all;
}

std::vector<double> doubles_of(const TensorView& view) {
  const std::vector<float> values = floats_of(view);
  return {values.begin(), values.end()};
}

std::vector<double> added(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b.at(i);
  return a;
}

// Also refuses what would make the comparison worthless.
void check_sum(const std::vector<double>& actual, const std::vector<double>& a,
               const std::vector<double>& b) {
  CHECK(norm(a) > 0);
  CHECK(norm(b) > 0);
  CHECK(relative_error(actual, added(a, b)) < 1e-6);
}

}  // namespace

TEST_CASE("Two nodes with one layer add their gradients of its weights") {
  // The inputs' numbers go by their ids, so that the three graphs see the same ones.
  const auto gradients = [](bool use_first, bool use_second) {
    Layers layers;
    Graph graph;
    const ValueId a = graph.input("a"), b = graph.input("b");
    for (const auto& [input, used] : {std::pair(a, use_first), std::pair(b, use_second)})
      if (used) graph.add_loss(graph.add(layers.sum, graph.add(layers.first, {input}))[0], 1);
    layers.run(graph, {a, b});
    return gradients_of(layers.first);
  };
  check_sum(gradients(true, true), gradients(true, false), gradients(false, true));
}

TEST_CASE("A layer applied to its own output learns as two layers of equal weights do") {
  const auto run = [](Layers& layers, const Layer& upper) {
    layers.make_equal();
    Graph graph;
    const ValueId x = graph.input("x");
    const ValueId y = graph.add(upper, graph.add(layers.first, {x}))[0];
    graph.add_loss(graph.add(layers.sum, {y})[0], 1);
    layers.run(graph, {x});
  };
  Layers shared, apart;
  run(shared, shared.first);
  run(apart, apart.second);
  check_sum(gradients_of(shared.first), gradients_of(apart.first), gradients_of(apart.second));
}

TEST_CASE("A frozen node passes gradients on and leaves its layer's weights alone") {
  const auto run = [](Layers& layers, Learning lower, Learning upper) {
    Graph graph;
    const ValueId x = graph.input("x", true);
    const ValueId y = graph.add(layers.first, graph.add(layers.first, {x}, lower), upper)[0];
    graph.add_loss(graph.add(layers.sum, {y})[0], 1);
    layers.run(graph, {x});
    return doubles_of(graph.gradient(x));
  };
  Layers both, lower, upper, none;
  const std::vector<double> picture = run(both, Learning::normal, Learning::normal);
  CHECK(norm(picture) > 0);
  CHECK(run(lower, Learning::normal, Learning::frozen) == picture);
  CHECK(run(upper, Learning::frozen, Learning::normal) == picture);
  CHECK(run(none, Learning::frozen, Learning::frozen) == picture);
  check_sum(gradients_of(both.first), gradients_of(lower.first), gradients_of(upper.first));
  CHECK(norm(gradients_of(none.first)) == 0);
}

TEST_CASE("A value read by several nodes gets the sum of their gradients") {
  const auto gradients = [](const std::vector<int>& readers) {
    Layers layers;
    Graph graph;
    const ValueId x = graph.input("x", true);
    const ValueId y = graph.add(layers.first, {x})[0];
    for (const int reader : readers) {
      const ValueId z = reader == 0 ? y : graph.add(layers.second, {y})[0];
      graph.add_loss(graph.add(layers.sum, {z})[0], 1);
    }
    layers.run(graph, {x});
    std::vector<double> all = gradients_of(layers.first);
    for (const double value : doubles_of(graph.gradient(x))) all.push_back(value);
    return all;
  };
  check_sum(gradients({0, 1}), gradients({0}), gradients({1}));
  check_sum(gradients({0, 1, 1}), gradients({0, 1}), gradients({1}));
}

TEST_CASE("A value that one node reads twice gets both gradients") {
  const auto gradient = [](bool twice) {
    Layers layers;
    const WeightedSumLayer sum_of_two(2);
    Graph graph;
    const ValueId x = graph.input("x", true);
    const ValueId y = graph.add(layers.first, {x})[0];
    graph.add_loss(
        twice ? graph.add(sum_of_two, std::vector<ValueId>{y, y})[0] : graph.add(layers.sum, {y})[0], 1);
    layers.run(graph, {x});
    return doubles_of(graph.gradient(x));
  };
  const std::vector<double> once = gradient(false);
  check_sum(gradient(true), once, once);
}

TEST_CASE("Losses enter with their weights") {
  const auto gradient = [](double first, double second) {
    Layers layers;
    Graph graph;
    const ValueId x = graph.input("x", true);
    graph.add_loss(graph.add(layers.sum, graph.add(layers.first, {x}))[0], first);
    graph.add_loss(graph.add(layers.sum, graph.add(layers.second, {x}))[0], second);
    layers.run(graph, {x});
    return doubles_of(graph.gradient(x));
  };
  std::vector<double> a = gradient(1, 0), b = gradient(0, 1);
  for (double& value : a) value *= 0.5;
  for (double& value : b) value *= -3;
  check_sum(gradient(0.5, -3), a, b);
}

TEST_CASE("A value that is a loss twice enters with the sum of its weights") {
  const auto gradient = [](const std::vector<double>& weights) {
    Layers layers;
    Graph graph;
    const ValueId x = graph.input("x", true);
    const ValueId loss = graph.add(layers.sum, graph.add(layers.first, {x}))[0];
    for (const double weight : weights) graph.add_loss(loss, weight);
    layers.run(graph, {x});
    return doubles_of(graph.gradient(x));
  };
  CHECK(gradient({0.25, 0.5}) == gradient({0.75}));
}

TEST_CASE("Weights that no gradient reaches have a gradient of zero") {
  Layers layers;
  Graph graph;
  const ValueId x = graph.input("x");
  graph.add_loss(graph.add(layers.sum, graph.add(layers.first, {x}))[0], 1);
  graph.add(layers.second, {x});  // no loss depends on it
  layers.run(graph, {x});
  CHECK(norm(gradients_of(layers.first)) > 0);
  CHECK(norm(gradients_of(layers.second)) == 0);
}

TEST_CASE("Backward has the same bits each time, and nodes without a gradient are not visited") {
  Layers layers;
  Graph graph;
  const ValueId x = graph.input("x");
  const ValueId y = graph.add(layers.first, {x})[0];
  graph.add(layers.second, {y});
  graph.add_loss(graph.add(layers.sum, {y})[0], 1);
  layers.run(graph, {x});
  const std::vector<double> once = gradients_of(layers.first);
  std::vector<int> visited;
  graph.observer = [&](const Pass& pass, const std::function<void()>& run) {
    if (pass.direction == "backward") visited.push_back(pass.node);
    run();
  };
  graph.forward(layers.context);
  graph.backward(layers.context);
  CHECK(gradients_of(layers.first) == once);
  CHECK(visited == std::vector<int>{2, 0});
}

TEST_CASE("The passes are those that run, in order, and a gradient that nobody wants costs nothing") {
  Layers layers;
  Graph graph;
  const bool wants_gradient = GENERATE(false, true);
  const ValueId x = graph.input("x", wants_gradient);
  const ValueId y = graph.add(layers.first, {x})[0];
  graph.add(layers.second, {y});
  graph.add_loss(graph.add(layers.sum, {y})[0], 1);
  layers.run(graph, {x});

  std::vector<std::string> order;
  for (const Pass& pass : graph.passes())
    order.push_back(text(pass.kind, " ", pass.name, " ", pass.direction));
  CHECK(order == std::vector<std::string>{"linear first forward", "linear second forward",
                                          "weighted_sum [1] forward", "weighted_sum [1] backward",
                                          "linear first backward"});

  constexpr std::int64_t values = 2 * rows * width, weights = width * width, product = 2 * values * width;
  const Cost forward = graph.passes().front().cost, backward = graph.passes().back().cost;
  CHECK(forward.bytes == 4 * (2 * values + weights + width));
  CHECK(forward.flops == product);
  // dy, y, x and the parameters' gradients; for dx also the weights.
  CHECK(backward.bytes == 4 * (3 * values + weights + width + (wants_gradient ? values + weights : 0)));
  CHECK(backward.flops == (wants_gradient ? 2 : 1) * product);
}

TEST_CASE("A gradient that a pass adds to costs a read more") {
  const UpsampleConcatLayer layer;
  LayerBackward a;
  for (const Shape& shape : {Shape{1, 2, 3, 8}, Shape{1, 4, 6, 5}}) {
    a.inputs.emplace_back(nullptr, shape, DType::bf16);
    a.input_gradients.emplace_back(nullptr, shape, DType::bf16);
  }
  a.input_modes = {GradientMode::overwrite, GradientMode::overwrite};
  const std::int64_t overwriting = layer.backward_cost(a).bytes;
  a.input_modes = {GradientMode::ignore, GradientMode::accumulate};
  CHECK(layer.backward_cost(a).bytes == overwriting + a.input_gradients[1].bytes());
}

}  // namespace attune::test
