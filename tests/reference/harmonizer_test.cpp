// The whole tiny harmonizer with the full loss, all three branches, in double precision: its gradients against central
// differences.
#include <catch2/catch.hpp>
#include <random>

#include "losses/reconstruction_loss.h"
#include "losses/region_contrast.h"
#include "tests/support/gradient_check.h"
#include "tests/support/inputs.h"

using namespace attune;

namespace {

struct NetworkCase {
  const char* name;
  Head head;
  std::vector<Fusion> fusion;
  std::string reading;  // empty: no contrastive loss
  bool trains_encoder;
  test::Mask mask;
  bool global = false;
  int head_level = 1;
};

const std::vector<NetworkCase>& network_cases() {
  static const std::vector<NetworkCase> all = {
      {"affine, learned, attract", Head::affine, {Fusion::learned}, "attract", true, test::Mask::soft},
      {"frozen in the contrastive pass", Head::affine, {Fusion::learned}, "attract", false, test::Mask::soft},
      {"affine, external, aligned", Head::affine, {Fusion::external}, "aligned", true, test::Mask::random},
      {"blend, internal, literal", Head::blend, {Fusion::internal}, "literal", true, test::Mask::soft},
      {"blend, mixed levels, no contrast",
       Head::blend,
       {Fusion::none, Fusion::instance, Fusion::learned},
       "",
       false,
       test::Mask::random},
      {"affine, learned, global", Head::affine, {Fusion::learned}, "attract", true, test::Mask::soft, true},
      {"blend, mixed levels, global",
       Head::blend,
       {Fusion::none, Fusion::instance, Fusion::external},
       "",
       false,
       test::Mask::random,
       true},
      {"full mask, global", Head::affine, {Fusion::none}, "", false, test::Mask::full, true},
      {"affine at full resolution", Head::affine, {Fusion::external}, "", false, test::Mask::soft, false, 0},
      {"affine at the bottleneck", Head::affine, {Fusion::learned}, "", false, test::Mask::random, true, 2},
      {"empty mask", Head::affine, {Fusion::learned}, "attract", true, test::Mask::empty},
      {"full mask", Head::affine, {Fusion::learned}, "attract", true, test::Mask::full}};
  return all;
}

// A planned network with random weights and pictures.
class Network {
 public:
  explicit Network(const NetworkCase& c) : harmonizer_(store_, options(c)), reconstruction_(penalty()) {
    if (!c.reading.empty()) {
      RegionContrastOptions contrast;
      apply_reading(c.reading, contrast);
      contrast.levels = {0, 2};
      contrast.samples = 6;
      contrast.width = 5;
      contrast.temperature = 0.5f;
      contrast.trains_encoder = c.trains_encoder;
      contrast_ = std::make_unique<RegionContrast>(store_, harmonizer_, contrast);
    }
    store_.allocate(Device{}, 3, DType::f64);
    // No weight may sit at its start: the head starts at 0, which would hide everything behind it.
    std::mt19937_64 generator(7);
    std::normal_distribution<double> normal(0, 0.3);
    for (std::int64_t i = 0; i < store_.count(); ++i) store_.values().as<double>()[i] += normal(generator);

    const ValueId composite = graph_.input("composite", true), real = graph_.input("real"),
                  mask = graph_.input("mask");
    composite_ = composite;
    const ValueId output = harmonizer_.add_to(graph_, composite, mask);
    losses_.emplace_back(graph_.add(reconstruction_, {output, real, mask})[0], 1.0);
    if (contrast_)
      for (const ValueId loss : contrast_->add_to(graph_, {output, real, composite}, mask))
        losses_.emplace_back(loss, 0.05);
    for (const auto& [loss, weight] : losses_) graph_.add_loss(loss, weight);
    const TensorSpec picture{{images, height, width, 3}, DType::f64, true};
    graph_.plan(context_,
                {{composite, picture}, {real, picture}, {mask, {{images, height, width}, DType::f64, false}}},
                Mode::training);
    const auto fill = [&](ValueId value, std::uint64_t seed) {
      std::mt19937_64 random(seed);
      std::uniform_real_distribution<double> uniform(0.05, 0.95);
      const TensorView view = graph_.value(value);
      for (std::int64_t i = 0; i < view.elements(); ++i) view.as<double>()[i] = uniform(random);
    };
    fill(composite, 11);
    fill(real, 12);
    const std::vector<double> values = test::make_mask(c.mask, images, height * width, 13);
    std::copy(values.begin(), values.end(), graph_.value(mask).as<double>());
  }

  double loss() {
    graph_.forward(context_, {5, 9, 0});
    double sum = 0;
    for (const auto& [value, weight] : losses_) sum += weight * *graph_.value(value).as<double>();
    return sum;
  }
  void backward() { graph_.backward(context_, {5, 9, 0}); }
  TensorView weights() { return store_.values(); }
  TensorView weight_gradients() { return store_.gradients(); }
  TensorView composite() { return graph_.value(composite_); }
  TensorView composite_gradient() { return graph_.gradient(composite_); }

 private:
  static constexpr std::int64_t images = 2, height = 7, width = 10;  // not multiples of the stride

  static HarmonizerOptions options(const NetworkCase& c) {
    HarmonizerOptions options;
    options.channels = {3, 4, 5};
    options.head = c.head;
    options.fusion = c.fusion;
    options.global = c.global;
    options.head_level = c.head_level;
    options.activations = DType::f64;
    return options;
  }
  static reconstruction::Options penalty() {
    reconstruction::Options options;
    options.penalty = reconstruction::Penalty::robust;
    return options;
  }

  Context context_{Device{}, 1};
  ParameterStore store_;
  Harmonizer harmonizer_;
  std::unique_ptr<RegionContrast> contrast_;
  ReconstructionLossLayer reconstruction_;
  Graph graph_;
  ValueId composite_ = 0;
  std::vector<std::pair<ValueId, double>> losses_;
};

std::vector<double> copy_of(const TensorView& view) {
  return {view.as<double>(), view.as<double>() + view.elements()};
}

// Checks `gradient` of the loss with respect to the tensor `x`, which is changed in place and put back.
test::GradientCheck check(Network& network, const TensorView& x, const std::vector<double>& gradient,
                          std::uint64_t seed) {
  const std::vector<double> start = copy_of(x);
  const auto f = [&](const std::vector<double>& values) {
    std::copy(values.begin(), values.end(), x.as<double>());
    return network.loss();
  };
  test::GradientCheck result = test::check_gradient(f, start, gradient, seed);
  std::copy(start.begin(), start.end(), x.as<double>());
  return result;
}

}  // namespace

TEST_CASE("the network's gradients are the derivatives of its loss") {
  for (const NetworkCase& c : network_cases()) {
    INFO(c.name);
    Network network(c);
    network.loss();
    network.backward();
    // Copied at once: the next forward pass may lay its activations over the gradients.
    const std::vector<double> weight_gradient = copy_of(network.weight_gradients());
    const std::vector<double> picture_gradient = copy_of(network.composite_gradient());
    // Without trains_encoder the encoder's own weights get less than the whole derivative, by configuration; what
    // reaches the pictures is whole.
    if (c.trains_encoder || c.reading.empty()) {
      const test::GradientCheck weights = check(network, network.weights(), weight_gradient, 1);
      INFO(weights.failure);
      CHECK(weights.ok);
    }
    const test::GradientCheck pictures = check(network, network.composite(), picture_gradient, 2);
    INFO(pictures.failure);
    CHECK(pictures.ok);
  }
}
