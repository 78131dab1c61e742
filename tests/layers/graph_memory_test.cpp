// A graph's plan: who may share memory with whom, what inference saves, and that the plan changes no bit.
#include <catch2/catch.hpp>
#include <deque>

#include "layers/convolution.h"
#include "layers/upsample_concat.h"
#include "tests/layers/graph_layers.h"
#include "tests/support/tiny_harmonizer.h"

namespace attune::test {

namespace {

ConvolutionLayer::Config convolution(std::int64_t inputs, std::int64_t outputs, int stride = 1) {
  ConvolutionLayer::Config config;
  config.inputs = inputs;
  config.outputs = outputs;
  config.options.stride = stride;
  config.options.activation = Activation::leaky_relu;
  return config;
}

// One level of a U-net whose every node is watched: stem, down, two convolutions, up with the skip, last, loss.
struct WatchedNetwork {
  Context context{Device{}, 1};
  ParameterStore store;
  ConvolutionLayer stem{store, "stem", convolution(3, 4)}, down{store, "down", convolution(4, 6, 2)},
      deep{store, "deep", convolution(6, 6)}, deeper{store, "deeper", convolution(6, 6)},
      last{store, "last", convolution(10, 3)};
  UpsampleConcatLayer up;
  WeightedSumLayer sum;
  MemoryLog log;
  std::deque<SpyLayer> spies;
  Graph graph;
  ValueId x = graph.input("x"), joined = 0, y = 0, loss = 0;

  explicit WatchedNetwork(Mode mode) {
    const ValueId skip = add(stem, {x});
    ValueId z = add(down, {skip});
    for (const Layer* layer : {&deep, &deeper}) z = add(*layer, {z});
    joined = add(up, {z, skip});
    y = add(last, {joined});
    loss = add(sum, {y});
    graph.keep(y);
    graph.add_loss(loss, 1);
    allocate_stirred(store, 3);
    graph.plan(context, {{x, pictures_spec(1, 8, 12)}}, mode);
    fill(graph.value(x), uniform_values(8 * 12 * 3, 4));
  }

  ValueId add(const Layer& layer, const std::vector<ValueId>& inputs) {
    return spies.emplace_back(layer, log).add_to(graph, inputs)[0];
  }
  // What the caller does with the graph's ends: it fills the input before, and reads the kept values after.
  void note_ends() {
    for (const ValueId value : {x, y, loss}) log.note(std::to_string(value), graph.value(value));
  }
  void forward() {
    log.note(std::to_string(x), graph.value(x));
    graph.forward(context);
  }
};

// A chain of equal convolutions; the arena in units of one value.
double arena_of_chain(int length, Mode mode) {
  Context context({}, 1);
  ParameterStore store;
  std::deque<ConvolutionLayer> layers;
  const WeightedSumLayer sum;
  Graph graph;
  const ValueId x = graph.input("x");
  ValueId z = x;
  for (int i = 0; i < length; ++i)
    z = graph.add(layers.emplace_back(store, "convolution." + std::to_string(i), convolution(4, 4)), {z})[0];
  graph.add_loss(graph.add(sum, {z})[0], 1);
  store.allocate(Device{}, 1);
  const TensorSpec spec{{1, 32, 32, 4}, DType::f32, true};
  graph.plan(context, {{x, spec}}, mode);
  return static_cast<double>(graph.arena_bytes()) / (32 * 32 * 4 * sizeof(float));
}

struct PlannedHarmonizer {
  Context context{Device{}, 1};
  ParameterStore store;
  Harmonizer harmonizer;
  WeightedSumLayer sum;
  Graph graph;
  ValueId composite = graph.input("composite", true), mask = graph.input("mask"), y;

  PlannedHarmonizer(Mode mode, Head head)
      : harmonizer(store, tiny_options(Fusion::learned, head)), y(harmonizer.add_to(graph, composite, mask)) {
    graph.keep(y);
    graph.add_loss(graph.add(sum, {y})[0], 1);
    allocate_stirred(store, 5);
    plan(mode, 22, 37);
  }
  void plan(Mode mode, std::int64_t height, std::int64_t width) {
    graph.plan(context, {{composite, pictures_spec(2, height, width)}, {mask, masks_spec(2, height, width)}},
               mode);
  }
  std::vector<float> run() {
    fill(graph.value(composite), uniform_values(graph.value(composite).elements(), 6));
    fill(graph.value(mask), uniform_values(graph.value(mask).elements(), 7));
    graph.forward(context);
    return floats_of(graph.value(y));
  }
};

}  // namespace

TEST_CASE("What a graph's nodes use at the same time never shares memory, in inference") {
  WatchedNetwork network(Mode::inference);
  network.forward();
  network.note_ends();
  const std::vector<int> pairs = network.log.sharing_pairs();
  CHECK(pairs[0] == 0);
  CHECK(pairs[1] > 0);
}

TEST_CASE("What a graph's nodes use at the same time never shares memory, in training") {
  WatchedNetwork network(Mode::training);
  network.forward();
  network.graph.backward(network.context);
  network.note_ends();
  CHECK(network.log.lives.count("d" + std::to_string(network.y)) == 1);
  const std::vector<int> pairs = network.log.sharing_pairs();
  CHECK(pairs[0] == 0);
  CHECK(pairs[1] > 0);
}

TEST_CASE(
    "A training graph makes the decoder's joined features again for the backward pass that reads them") {
  WatchedNetwork network(Mode::training);
  network.forward();
  network.graph.backward(network.context);
  const std::string joined = std::to_string(network.joined);
  const MemoryLog::Life once = network.log.lives.at(joined + " in forward"),
                        again = network.log.lives.at(joined);
  CHECK(once.last == once.first + 1);  // by forward of the convolution behind it
  CHECK(again.last == again.first + 1);
  std::vector<std::string> directions;
  for (const Pass& pass : network.graph.passes())
    if (pass.kind == "upsample_concat") directions.push_back(pass.direction);
  CHECK(directions == std::vector<std::string>{"forward", "recompute", "backward"});

  WatchedNetwork inference(Mode::inference);
  for (const Pass& pass : inference.graph.passes()) CHECK(pass.direction == "forward");
}

TEST_CASE("An inference plan of a chain holds three values however long it is") {
  // The input, which is the caller's, and two that take turns; the loss is 64 bytes more.
  for (const int length : {3, 12}) CHECK(arena_of_chain(length, Mode::inference) == Approx(3).margin(0.01));
  // Training keeps the input, every output for the backward passes, and two gradients that take turns.
  for (const int length : {3, 12}) {
    CHECK(arena_of_chain(length, Mode::training) >= length + 1);
    CHECK(arena_of_chain(length, Mode::training) <= length + 3.01);
  }
}

TEST_CASE("An inference plan gives the training plan's bits in less memory") {
  for (const Head head : {Head::affine, Head::blend}) {
    PlannedHarmonizer training(Mode::training, head), inference(Mode::inference, head);
    CHECK(same_bits(training.run(), inference.run()));
    CHECK(inference.graph.arena_bytes() < training.graph.arena_bytes() / 2);
  }
}

TEST_CASE("A graph can be planned again for another size and back") {
  PlannedHarmonizer network(Mode::inference, Head::affine);
  const std::vector<float> first = network.run();
  network.plan(Mode::training, 48, 16);
  CHECK(network.run().size() == 2 * 48 * 16 * 3);
  network.graph.backward(network.context);
  network.plan(Mode::inference, 22, 37);
  CHECK(same_bits(network.run(), first));
}

TEST_CASE("A plan reserves all the scratch that its layers take") {
  PlannedHarmonizer network(Mode::training, Head::blend);
  const void* reserved = network.context.workspace(1);
  network.run();
  network.graph.backward(network.context);
  CHECK(network.context.workspace(1) == reserved);
}

}  // namespace attune::test
