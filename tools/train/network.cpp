#include "tools/train/network.h"

namespace attune::tools {

TrainingNetwork::TrainingNetwork(Context& context, const Config& config)
    : seed_(config.seed),
      batch_(config.train.batch),
      contrast_weight_(config.loss.contrast.weight),
      harmonizer_(store_, config.model.options),
      reconstruction_(config.loss.reconstruction) {
  if (contrast_weight_ > 0)
    contrast_ = std::make_unique<RegionContrast>(store_, harmonizer_, config.loss.contrast.options);
  store_.allocate(context.device(), config.seed);

  composite_ = graph_.input("composite");
  real_ = graph_.input("real");
  mask_ = graph_.input("mask");
  const ValueId output = harmonizer_.add_to(graph_, composite_, mask_);
  reconstruction_loss_ = graph_.add(reconstruction_, {output, real_, mask_})[0];
  graph_.add_loss(reconstruction_loss_, 1);
  if (contrast_) {
    contrast_losses_ = contrast_->add_to(graph_, {output, real_, composite_}, mask_);
    for (const ValueId loss : contrast_losses_)
      graph_.add_loss(loss, contrast_weight_ / static_cast<double>(contrast_losses_.size()));
  }
  const std::int64_t size = config.train.size;
  const TensorSpec picture{{batch_, size, size, 3}, DType::f32, true};
  graph_.plan(context,
              {{composite_, picture}, {real_, picture}, {mask_, {{batch_, size, size}, DType::f32, false}}},
              Mode::training);
}

double TrainingNetwork::scalar(ValueId value) const {
  float result = 0;
  const TensorView view = graph_.value(value);
  copy_bytes(&result, Device{}, view.data, view.device, sizeof result);
  return static_cast<double>(result);
}

LossValues TrainingNetwork::run(Context& context, const Batch& batch, std::int64_t step) {
  const auto upload = [&](ValueId value, const Tensor& host) {
    const TensorView target = graph_.value(value);
    copy_bytes(target.data, target.device, host.view().data, Device{}, target.bytes());
  };
  upload(composite_, batch.composite);
  upload(real_, batch.real);
  upload(mask_, batch.mask);
  const RunInfo info{seed_, checked_cast<std::uint32_t>(step), 0};
  graph_.forward(context, info);
  graph_.backward(context, info);

  LossValues losses;
  losses.reconstruction = scalar(reconstruction_loss_);
  for (const ValueId loss : contrast_losses_)
    losses.contrast += scalar(loss) / static_cast<double>(contrast_losses_.size());
  losses.total = losses.reconstruction + contrast_weight_ * losses.contrast;
  return losses;
}

}  // namespace attune::tools
