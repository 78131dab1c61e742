// The region-wise contrastive loss means what math.md, 5 says: lower at the truth, blind to what a reading does not
// name, silent without a region.
#include "losses/region_contrast.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/losses/contrast_graph.h"

namespace attune::test {

namespace {

using patch_sample::Region;

// The graph with a real photograph, its composite, and `output` as the harmonizer's result.
void set_pictures(ContrastGraph& graph, const MadePictures& pictures, const std::vector<float>& output) {
  graph.set(graph.real, pictures.real);
  graph.set(graph.composite, pictures.composite);
  graph.set(graph.mask, pictures.mask);
  graph.set(graph.output, output);
}

// Over pictures and random weights: the mean of (loss at y^ = composite) - (loss at y^ = real), and how often it is
// positive.
struct Order {
  double mean = 0;
  int positive = 0, total = 0;
};

Order order_of(const RegionContrastOptions& options) {
  Order order;
  for (std::uint64_t weights = 1; weights <= 5; ++weights) {
    ContrastGraph graph(options, weights);
    for (std::uint64_t picture = 0; picture < 4; ++picture, ++order.total) {
      const MadePictures pictures(100 * weights + picture);
      set_pictures(graph, pictures, pictures.composite);
      const double nothing_done = graph.loss();
      set_pictures(graph, pictures, pictures.real);
      const double difference = nothing_done - graph.loss();
      order.mean += difference;
      order.positive += difference > 0;
    }
  }
  order.mean /= order.total;
  return order;
}

bool is_zero(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return value == 0; });
}
bool is_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

TEST_CASE("The contrastive loss is lower at the truth than at the composite, with random weights") {
  for (const char* reading : {"attract", "aligned"}) {
    INFO(reading);
    const Order order = order_of(options_for(reading));
    INFO("mean difference " << order.mean << ", positive in " << order.positive << " of " << order.total);
    CHECK(order.mean > 0.4);
    // A weak recolouring need not be told apart by random features, so one picture may go the other way.
    CHECK(order.positive >= order.total - 1);
  }
}

TEST_CASE("The literal reading does not tell the truth from the composite, with random weights") {
  // Why it is for the ablation only: its other candidates are the output's own foreground, alike in both.
  const Order order = order_of(options_for("literal"));
  INFO("mean difference " << order.mean << ", positive in " << order.positive << " of " << order.total);
  CHECK(std::fabs(order.mean) < 0.4);
}

TEST_CASE("A reading's loss depends on the regions that it names, and on no others") {
  struct Dependence {
    const char* reading;
    bool output_foreground, output_background, real_foreground, real_background, composite_foreground,
        composite_background;
  };
  for (const Dependence& d : {Dependence{"attract", true, false, false, true, true, false},
                              Dependence{"aligned", true, false, true, false, false, false},
                              Dependence{"literal", true, false, false, true, false, false}}) {
    ContrastGraph graph(options_for(d.reading, {0}), 3);
    const MadePictures pictures(7);
    set_pictures(graph, pictures, pictures.composite);
    const double before = graph.loss();
    // Whether the loss changes with the pixels of one region; those within reach of level 0's two convolutions from the
    // other region stay.
    const auto depends = [&](ValueId picture, const std::vector<float>& start, bool foreground) {
      std::vector<float> changed = start;
      for (std::size_t i = 0; i < changed.size(); ++i) {
        const std::int64_t x = static_cast<std::int64_t>(i / 3) % MadePictures::width;
        const std::int64_t edge = MadePictures::width / 2;
        if (foreground ? x < edge - 2 : x >= edge + 2) changed[i] = 1 - 0.7f * changed[i];
      }
      graph.set(picture, changed);
      const double after = graph.loss();
      graph.set(picture, start);
      return after != before;
    };
    INFO(d.reading);
    CHECK(depends(graph.output, pictures.composite, true) == d.output_foreground);
    CHECK(depends(graph.output, pictures.composite, false) == d.output_background);
    CHECK(depends(graph.real, pictures.real, true) == d.real_foreground);
    CHECK(depends(graph.real, pictures.real, false) == d.real_background);
    CHECK(depends(graph.composite, pictures.composite, true) == d.composite_foreground);
    CHECK(depends(graph.composite, pictures.composite, false) == d.composite_background);
    CHECK(graph.loss() == before);
  }
}

TEST_CASE("Without the regions that it needs the loss is 0 and so are its gradients") {
  for (const char* reading : {"attract", "aligned", "literal"})
    for (const float mask : {0.0f, 1.0f}) {
      INFO(reading << ", mask " << mask);
      ContrastGraph graph(options_for(reading), 3);
      MadePictures pictures(7);
      pictures.mask.assign(pictures.mask.size(), mask);
      set_pictures(graph, pictures, pictures.composite);
      const double loss = graph.loss();
      const std::vector<float> gradient = graph.output_gradient();
      CHECK(is_finite(graph.weight_gradients()));
      // The aligned reading alone needs no background.
      if (std::string(reading) == "aligned" && mask == 1) {
        CHECK(loss > 0.1);
        CHECK((is_finite(gradient) && !is_zero(gradient)));
        continue;
      }
      CHECK(loss == 0);
      CHECK(is_zero(gradient));
      CHECK(is_zero(graph.weight_gradients()));
    }
}

TEST_CASE("An image without foreground does not enter the batch's loss") {
  const MadePictures pictures(7), other(8);
  ContrastGraph alone(options_for("attract"), 3);
  set_pictures(alone, pictures, pictures.composite);
  const double expected = alone.loss();
  const std::vector<float> expected_gradient = alone.output_gradient();

  ContrastGraph batch(options_for("attract"), 3, 2);
  const auto joined = [](std::vector<float> first, const std::vector<float>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  };
  batch.set(batch.real, joined(pictures.real, other.real));
  batch.set(batch.composite, joined(pictures.composite, other.composite));
  batch.set(batch.output, joined(pictures.composite, other.composite));
  batch.set(batch.mask, joined(pictures.mask, std::vector<float>(other.mask.size(), 0.0f)));
  CHECK(batch.loss() == Approx(expected).epsilon(1e-6));
  const std::vector<float> gradient = batch.output_gradient();
  const auto half = gradient.begin() + static_cast<std::ptrdiff_t>(expected_gradient.size());
  CHECK(is_zero({half, gradient.end()}));
  CHECK(!is_zero(expected_gradient));
  for (std::size_t i = 0; i < expected_gradient.size(); ++i)
    REQUIRE(gradient[i] == Approx(expected_gradient[i]).margin(1e-6));
}

TEST_CASE("Every matching gives a finite loss that the output learns from") {
  for (const Matching matching : {Matching::set, Matching::index, Matching::nearest}) {
    RegionContrastOptions options = options_for("attract");
    options.matching = matching;
    options.positive = {Branch::real, Region::foreground};  // index needs the anchor's region
    ContrastGraph graph(options, 3);
    const MadePictures pictures(7);
    set_pictures(graph, pictures, pictures.composite);
    const double loss = graph.loss();
    INFO("matching " << static_cast<int>(matching) << ", loss " << loss);
    CHECK((std::isfinite(loss) && loss > 0));
    const std::vector<float> gradient = graph.output_gradient();
    CHECK((is_finite(gradient) && !is_zero(gradient)));
    CHECK(graph.loss() == loss);
  }
}

TEST_CASE("The nearest positive is no farther than the one at the same place, and the set's mean no nearer") {
  const auto loss_of = [](Matching matching) {
    RegionContrastOptions options = options_for("attract");
    options.matching = matching;
    options.positive = {Branch::real, Region::foreground};
    options.samples =
        MadePictures::height * MadePictures::width / 2;  // all of level 0: the draws hold the same rows
    options.levels = {0};
    ContrastGraph graph(options, 3);
    const MadePictures pictures(7);
    set_pictures(graph, pictures, pictures.composite);
    return graph.loss();
  };
  const double nearest = loss_of(Matching::nearest);
  CHECK(nearest < loss_of(Matching::index));
  CHECK(nearest < loss_of(Matching::set));
}

TEST_CASE("At the truth each anchor's nearest positive is its own place") {
  const auto loss_of = [](Matching matching) {
    RegionContrastOptions options = options_for("aligned");
    options.matching = matching;
    options.samples = MadePictures::height * MadePictures::width / 2;
    options.levels = {0};
    ContrastGraph graph(options, 3);
    const MadePictures pictures(7);
    set_pictures(graph, pictures, pictures.real);
    return graph.loss();
  };
  CHECK(loss_of(Matching::nearest) == Approx(loss_of(Matching::index)).epsilon(1e-5));
}

TEST_CASE("The loss reaches the encoder's own weights only where it is told to") {
  const auto gradients = [](bool trains_encoder) {
    RegionContrastOptions options = options_for("attract");
    options.trains_encoder = trains_encoder;
    ContrastGraph graph(options, 3);
    const MadePictures pictures(7);
    set_pictures(graph, pictures, pictures.composite);
    graph.loss();
    graph.output_gradient();
    return std::pair(graph.gradients_of("encoder."), graph.gradients_of("contrast."));
  };
  const auto [frozen_encoder, heads] = gradients(false);
  const auto [encoder, heads_too] = gradients(true);
  CHECK(is_zero(frozen_encoder));
  CHECK(!is_zero(encoder));
  CHECK(!is_zero(heads));
  CHECK(same_bits(heads, heads_too));
}

}  // namespace attune::test
