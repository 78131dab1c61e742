// Style fusion in a graph: the foreground takes the style of the skip's background, and of nothing else of it.
#include "layers/style.h"

#include <catch2/catch.hpp>

#include "layers/graph.h"
#include "tests/support/tiny_harmonizer.h"

namespace attune::test {

namespace {

constexpr std::int64_t side = 8, channels = 5;

// x and the encoder's features of one level, the left half foreground.
struct Fused {
  Context context{Device{}, 1};
  ParameterStore store;
  MaskedStyleLayer style;
  StyleFusionLayer fusion;
  Graph graph;
  ValueId x = graph.input("x"), skip = graph.input("skip"), mask = graph.input("mask"), y = 0;

  explicit Fused(style_fusion::Gate gate) : fusion(store, "fusion", channels, options(gate)) {
    const std::vector<ValueId> statistics = graph.add(style, {skip, mask});
    y = graph.add(fusion, gate == style_fusion::Gate::internal
                              ? std::vector<ValueId>{x, mask}
                              : std::vector<ValueId>{x, mask, statistics[0], statistics[1]})[0];
    graph.keep(y);
    allocate_stirred(store, 3);
    const TensorSpec features{{1, side, side, channels}, DType::f32, true};
    graph.plan(context, {{x, features}, {skip, features}, {mask, masks_spec(1, side, side)}},
               Mode::inference);
    for (const ValueId input : {x, skip})
      fill(graph.value(input), uniform_values(side * side * channels, static_cast<std::uint64_t>(input) + 1));
    std::vector<float> half;
    for (std::int64_t i = 0; i < side * side; ++i) half.push_back(is_foreground(i) ? 1.0f : 0.0f);
    fill(graph.value(mask), half);
  }
  static style_fusion::Options options(style_fusion::Gate gate) {
    style_fusion::Options result;
    result.gate = gate;
    return result;
  }
  static bool is_foreground(std::int64_t pixel) { return pixel % side < side / 2; }

  // y's foreground, then its background.
  std::pair<std::vector<float>, std::vector<float>> run() {
    graph.forward(context);
    std::pair<std::vector<float>, std::vector<float>> regions;
    const std::vector<float> all = floats_of(graph.value(y));
    for (std::size_t i = 0; i < all.size(); ++i)
      (is_foreground(static_cast<std::int64_t>(i) / channels) ? regions.first : regions.second)
          .push_back(all[i]);
    return regions;
  }
  void change_skip(bool foreground) {
    float* features = graph.value(skip).as<float>();
    for (std::int64_t i = 0; i < side * side * channels; ++i)
      if (is_foreground(i / channels) == foreground) features[i] = 2 * features[i] + 1;
  }
};

}  // namespace

TEST_CASE("Fusion takes the style of the skip's background for the foreground alone") {
  using style_fusion::Gate;
  for (const Gate gate : {Gate::learned, Gate::internal, Gate::external}) {
    INFO("gate " << static_cast<int>(gate));
    Fused fused(gate);
    const auto before = fused.run();
    fused.change_skip(true);
    const auto other_foreground = fused.run();
    CHECK(same_bits(other_foreground.first, before.first));
    CHECK(same_bits(other_foreground.second, before.second));
    fused.change_skip(false);
    const auto other_background = fused.run();
    CHECK(same_bits(other_background.first, before.first) == (gate == Gate::internal));
    CHECK(same_bits(other_background.second, before.second));
  }
}

TEST_CASE("Only a learned gate is a parameter") {
  using style_fusion::Gate;
  for (const Gate gate : {Gate::learned, Gate::internal, Gate::external}) {
    ParameterStore store;
    const StyleFusionLayer layer(store, "fusion", channels, Fused::options(gate));
    CHECK(layer.parameters().size() == (gate == Gate::learned ? 5 : 4));
    CHECK(layer.uses_external_style() == (gate != Gate::internal));
  }
}

}  // namespace attune::test
