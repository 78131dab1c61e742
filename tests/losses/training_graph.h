// The whole training graph: the tiny network with all three branches of the loss, planned and filled.
#pragma once

#include <string>
#include <vector>

#include "losses/reconstruction_loss.h"
#include "losses/region_contrast.h"
#include "tests/support/tiny_harmonizer.h"

namespace attune::test {

enum class Keep { losses, every_value };

// Graphs of one context share its oneDNN primitives.
struct TrainingGraph {
  Context& context;
  ParameterStore store;
  Harmonizer harmonizer;
  ReconstructionLossLayer reconstruction{{}};
  RegionContrast contrast;
  Graph graph;
  ValueId composite = graph.input("composite"), real = graph.input("real"), mask = graph.input("mask");
  std::vector<ValueId> losses;

  TrainingGraph(Context& context_, const std::string& reading, DType activations, Mode mode,
                Keep keep = Keep::losses)
      : context(context_),
        harmonizer(store, network_options(activations)),
        contrast(store, harmonizer, contrast_options(reading)) {
    const ValueId y = harmonizer.add_to(graph, composite, mask);
    losses = contrast.add_to(graph, {y, real, composite}, mask);
    losses.push_back(graph.add(reconstruction, {y, real, mask})[0]);
    constexpr std::int64_t images = 2, height = 24, width = 33;
    for (const ValueId loss : losses) graph.add_loss(loss, 0.25);
    for (ValueId value = 0; value <= losses.back() && keep == Keep::every_value; ++value) graph.keep(value);
    allocate_stirred(store, 3);
    graph.plan(context,
               {{composite, pictures_spec(images, height, width)},
                {real, pictures_spec(images, height, width)},
                {mask, masks_spec(images, height, width)}},
               mode);
    std::uint64_t seed = 1;
    for (const ValueId input : {composite, real, mask})
      fill(graph.value(input), uniform_values(graph.value(input).elements(), seed++));
  }
  static HarmonizerOptions network_options(DType activations) {
    HarmonizerOptions options = tiny_options();
    options.activations = activations;
    return options;
  }
  static RegionContrastOptions contrast_options(const std::string& reading) {
    RegionContrastOptions options;
    apply_reading(reading, options);
    options.levels = {0, 1, 2};
    options.samples = options.width = 24;
    return options;
  }
  void forward() { graph.forward(context, {5, 9, 0}); }
  void backward() { graph.backward(context, {5, 9, 0}); }
  std::vector<float> loss_values() const {
    std::vector<float> values;
    for (const ValueId loss : losses) values.push_back(*graph.value(loss).as<float>());
    return values;
  }
};

}  // namespace attune::test
