#include "tools/eval/network.h"

#include <algorithm>

namespace attune::tools {

namespace {

void upload(const std::vector<std::uint8_t>& samples, const TensorView& target) {
  Tensor host(target.shape, DType::f32);
  std::transform(samples.begin(), samples.end(), host.as<float>(),
                 [](std::uint8_t sample) { return static_cast<float>(sample) / 255.0f; });
  copy_bytes(target.data, target.device, host.view().data, Device{}, target.bytes());
}

}  // namespace

void EvaluationNetwork::plan(std::int64_t height, std::int64_t width) {
  if (graph_ && height == height_ && width == width_) return;
  graph_ = std::make_unique<Graph>();
  composite_ = graph_->input("composite");
  mask_ = graph_->input("mask");
  output_ = harmonizer_.add_to(*graph_, composite_, mask_);
  graph_->keep(output_);
  graph_->plan(context_,
               {{composite_, {{1, height, width, 3}, DType::f32, true}},
                {mask_, {{1, height, width}, DType::f32, false}}},
               Mode::inference);
  height_ = height;
  width_ = width;
}

FloatImage EvaluationNetwork::harmonize(const Image& composite, const Image& mask) {
  plan(composite.height, composite.width);
  upload(composite.pixels, graph_->value(composite_));
  upload(mask.pixels, graph_->value(mask_));
  graph_->forward(context_);
  FloatImage output(composite.width, composite.height, 3);
  const TensorView result = graph_->value(output_);
  copy_bytes(output.pixels.data(), Device{}, result.data, result.device, result.bytes());
  for (float& value : output.pixels) value = std::clamp(value, 0.0f, 1.0f) * 255.0f;
  return output;
}

}  // namespace attune::tools
