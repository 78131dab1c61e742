// The region-wise contrastive loss alone, on three pictures that the test fills, and pictures made for it.
#pragma once

#include <string>

#include "losses/region_contrast.h"
#include "tests/support/tiny_harmonizer.h"

namespace attune::test {

// Pictures of smooth colours; the mask covers the left half. A real photograph's two halves share their colours'
// mean and spread, the composite's foreground has its own.
struct MadePictures {
  static constexpr std::int64_t height = 32, width = 32;
  std::vector<float> real, composite, mask;

  explicit MadePictures(std::uint64_t seed) {
    std::mt19937_64 generator(seed);
    std::uniform_real_distribution<float> uniform(0, 1);
    std::normal_distribution<float> normal;
    std::vector<float> mean(3), spread(3), gain(3), shift(3);
    for (std::size_t c = 0; c < 3; ++c) {
      mean[c] = 0.3f + 0.4f * uniform(generator);
      spread[c] = 0.05f + 0.1f * uniform(generator);
      gain[c] = 0.5f + uniform(generator);
      shift[c] = 0.3f * (uniform(generator) - 0.5f);
    }
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        const bool foreground = x < width / 2;
        mask.push_back(foreground ? 1.0f : 0.0f);
        for (std::size_t c = 0; c < 3; ++c) {
          const float value = std::clamp(mean[c] + spread[c] * normal(generator), 0.0f, 1.0f);
          real.push_back(value);
          composite.push_back(
              foreground ? std::clamp(mean[c] + gain[c] * (value - mean[c]) + shift[c], 0.0f, 1.0f) : value);
        }
      }
  }
};

inline RegionContrastOptions options_for(const std::string& reading, std::vector<int> levels = {0, 1, 2}) {
  RegionContrastOptions options;
  apply_reading(reading, options);
  options.levels = std::move(levels);
  options.samples = options.width = 32;
  return options;
}

// The loss of `images` pictures of MadePictures' size, planned for training.
class ContrastGraph {
  Graph graph_;

 public:
  const ValueId output = graph_.input("output", true), real = graph_.input("real"),
                composite = graph_.input("composite"), mask = graph_.input("mask");

  ContrastGraph(const RegionContrastOptions& options, std::uint64_t weights_seed, std::int64_t images = 1)
      : harmonizer_(store_, tiny_options()), contrast_(store_, harmonizer_, options) {
    store_.allocate(Device{}, weights_seed);
    for (const ValueId loss : contrast_.add_to(graph_, {output, real, composite}, mask)) {
      losses_.push_back(loss);
      graph_.add_loss(loss, 1.0 / static_cast<double>(options.levels.size()));
    }
    const TensorSpec pictures = pictures_spec(images, MadePictures::height, MadePictures::width);
    graph_.plan(context_,
                {{output, pictures},
                 {real, pictures},
                 {composite, pictures},
                 {mask, masks_spec(images, MadePictures::height, MadePictures::width)}},
                Mode::training);
  }

  void set(ValueId input, const std::vector<float>& values) { fill(graph_.value(input), values); }
  // The mean over the levels.
  double loss() {
    graph_.forward(context_, {5, 9, 0});
    double sum = 0;
    for (const ValueId level : losses_) sum += static_cast<double>(*graph_.value(level).as<float>());
    return sum / static_cast<double>(losses_.size());
  }
  // Of the loss that loss() computed last, with respect to the output.
  std::vector<float> output_gradient() {
    graph_.backward(context_, {5, 9, 0});
    return floats_of(graph_.gradient(output));
  }
  std::vector<float> weight_gradients() { return floats_of(store_.gradients()); }
  // Of the parameters whose names begin so.
  std::vector<float> gradients_of(const std::string& prefix) const {
    std::vector<float> all;
    for (const Parameter& parameter : store_.all())
      if (parameter.name.find(prefix) == 0)
        for (const float value : floats_of(parameter.gradient)) all.push_back(value);
    return all;
  }

 private:
  Context context_{Device{}, 1};
  ParameterStore store_;
  Harmonizer harmonizer_;
  RegionContrast contrast_;
  std::vector<ValueId> losses_;
};

}  // namespace attune::test
