#include "tools/train/network.h"

namespace attune::tools {

TrainingNetwork::TrainingNetwork(Context& context, const Config& config)
    : seed_(config.seed),
      batch_(config.train.batch),
      contrast_weight_(config.loss.contrast.weight),
      rounds_weights_(config.model.options.activations == DType::bf16),
      harmonizer_(store_, config.model.options),
      reconstruction_(config.loss.reconstruction) {
  if (contrast_weight_ > 0)
    contrast_ = std::make_unique<RegionContrast>(store_, harmonizer_, config.loss.contrast.options);
  store_.allocate(context.device(), config.seed);
  if (!config.train.start_from.empty()) start_from(config.train.start_from);

  composite_ = graph_.input("composite");
  real_ = graph_.input("real");
  mask_ = graph_.input("mask");
  output_ = harmonizer_.add_to(graph_, composite_, mask_);
  if (config.train.second_pass > 0) graph_.keep(output_);
  graph_.add_loss(graph_.add(reconstruction_, {output_, real_, mask_})[0], 1);
  if (contrast_) {
    const std::vector<ValueId> levels = contrast_->add_to(graph_, {output_, real_, composite_}, mask_);
    for (const ValueId loss : levels)
      graph_.add_loss(loss, contrast_weight_ / static_cast<double>(levels.size()));
  }
  if (rounds_weights_) store_.round_values(context);  // the first call allocates, and a step may not
  const std::int64_t size = config.train.size;
  const TensorSpec picture{{batch_, size, size, 3}, DType::f32, true};
  graph_.plan(context,
              {{composite_, picture}, {real_, picture}, {mask_, {{batch_, size, size}, DType::f32, false}}},
              Mode::training);
}

// Names and shapes alone would let a model in that computes something else with the same weights.
void TrainingNetwork::start_from(const std::filesystem::path& model) {
  const SafetensorsFile file = read_safetensors(model);
  const HarmonizerOptions given = describe_model(file, model.string()).options, &own = harmonizer_.options();
  require(given.fusion == own.fusion && given.slope == own.slope, ErrorKind::input, model.string(),
          ": its model.fusion or model.slope is not the configuration's");
  load_weights(file, model.string(), harmonizer_, store_);
}

BatchViews TrainingNetwork::inputs() const {
  return {graph_.value(composite_), graph_.value(real_), graph_.value(mask_)};
}

void TrainingNetwork::run(Context& context, std::int64_t step) {
  if (rounds_weights_) store_.round_values(context);
  const RunInfo info{seed_, checked_cast<std::uint32_t>(step), 0};
  graph_.forward(context, info);
  graph_.backward(context, info);
}

// The reconstruction's first, then one a level.
LossValues TrainingNetwork::losses(const ConstTensorView& values) const {
  const std::int64_t levels = values.elements() - 1;
  const float* const all = values.as<float>();
  LossValues losses;
  losses.reconstruction = static_cast<double>(all[0]);
  for (std::int64_t level = 0; level < levels; ++level)
    losses.contrast += static_cast<double>(all[1 + level]) / static_cast<double>(levels);
  losses.total = losses.reconstruction + contrast_weight_ * losses.contrast;
  return losses;
}

}  // namespace attune::tools
