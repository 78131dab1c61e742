// Plans that a graph refuses, and values that it does not keep.
#include <catch2/catch.hpp>

#include "layers/convolution.h"
#include "layers/graph.h"
#include "layers/linear.h"
#include "tests/layers/graph_layers.h"
#include "tests/support/errors.h"

namespace attune::test {

TEST_CASE("A graph refuses shapes that do not fit, and can be planned again") {
  Context context({}, 1);
  ParameterStore store;
  const LinearLayer linear(store, "linear", 4, 3, Activation::none);
  ConvolutionLayer::Config config;
  config.inputs = 4;
  config.outputs = 2;
  const ConvolutionLayer convolution(store, "convolution", config);
  store.allocate(Device{}, 1);
  Graph rows_graph, maps_graph;
  const ValueId x = rows_graph.input("rows"), y = rows_graph.add(linear, {x})[0];
  const ValueId map = maps_graph.input("map"), result = maps_graph.add(convolution, {map})[0];
  rows_graph.keep(y);
  maps_graph.keep(result);
  const auto refusal = [&](Graph& graph, const std::map<ValueId, TensorSpec>& specs) {
    return error_of([&] { graph.plan(context, specs, Mode::inference); });
  };
  const auto check_argument = [](const Error& error, const char* part) {
    CHECK(error.kind() == ErrorKind::argument);
    INFO(error.what());
    CHECK(contains(error.what(), part));
  };
  check_argument(refusal(rows_graph, {}), "input rows has no shape");
  check_argument(refusal(rows_graph, {{x, {{1, 6, 5}}}}), "linear: x is [1x6x5]");
  check_argument(refusal(rows_graph, {{x, {{6, 4}}}}), "linear: x is [6x4]");
  check_argument(refusal(maps_graph, {{map, {{1, 8, 8, 3}}}}), "input channels");
  check_argument(refusal(maps_graph, {{map, {{1, 8, 8}}}}), "convolution");
  rows_graph.plan(context, {{x, {{1, 6, 4}}}}, Mode::inference);
  CHECK(rows_graph.value(y).shape == Shape{1, 6, 3});
  CHECK(rows_graph.spec(y).dtype == DType::f32);
}

TEST_CASE("A loss is one number, and only kept values can be read") {
  Context context({}, 1);
  ParameterStore store;
  const LinearLayer first(store, "first", 4, 4, Activation::relu),
      second(store, "second", 4, 4, Activation::relu);
  store.allocate(Device{}, 1);
  Graph graph;
  const ValueId x = graph.input("x"), y = graph.add(first, {x})[0], z = graph.add(second, {y})[0];
  const TensorSpec rows_spec{{2, 5, 4}, DType::f32, true};
  graph.add_loss(z, 1);
  const Error error = error_of([&] { graph.plan(context, {{x, rows_spec}}, Mode::training); });
  CHECK(error.kind() == ErrorKind::argument);
  CHECK(contains(error.what(), "a loss is [2x5x4], expected [1]"));
  graph.plan(context, {{x, rows_spec}}, Mode::inference);
  CHECK_NOTHROW(graph.value(x));
  CHECK_NOTHROW(graph.value(z));
  CHECK(kind_of([&] { graph.value(y); }) == ErrorKind::internal);
  CHECK(kind_of([&] { graph.gradient(x); }) == ErrorKind::internal);
}

TEST_CASE("A layer cannot read a loss") {
  Context context({}, 1);
  const WeightedSumLayer sum;
  Graph graph;
  const ValueId x = graph.input("x"), loss = graph.add(sum, {x})[0];
  graph.add_loss(loss, 1);
  CHECK_NOTHROW(graph.plan(context, {{x, {{4}}}}, Mode::training));
  graph.add(sum, {loss});
  const Error error = error_of([&] { graph.plan(context, {{x, {{4}}}}, Mode::training); });
  CHECK(error.kind() == ErrorKind::argument);
  CHECK(contains(error.what(), "weighted_sum reads a loss"));
}

TEST_CASE("A graph trains no parameters that were allocated for inference") {
  Context context({}, 1);
  ParameterStore store;
  const LinearLayer linear(store, "linear", 4, 3, Activation::none);
  const WeightedSumLayer sum;
  store.allocate_for_inference(Device{});
  Graph graph;
  const ValueId x = graph.input("x");
  graph.add_loss(graph.add(sum, {graph.add(linear, {x})[0]})[0], 1);
  const Error error = error_of([&] { graph.plan(context, {{x, {{1, 6, 4}}}}, Mode::training); });
  CHECK(error.kind() == ErrorKind::internal);
  CHECK(contains(error.what(), "linear.weights, which has no gradient"));
}

}  // namespace attune::test
