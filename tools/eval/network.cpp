#include "tools/eval/network.h"

#include <algorithm>

#include "embed/downscale.h"
#include "kernels/color_transform/color_transform.h"

namespace attune::tools {

namespace {

// The samples as 0..1, averaged down to the target's size [1, h, w] or [1, h, w, channels].
void upload(Context& context, const Image& image, const TensorView& target) {
  Tensor host(target.shape, DType::f32);
  Downscale downscale;
  downscale.source = image.pixels.data();
  downscale.width = image.width;
  downscale.height = image.height;
  downscale.source_stride = image.width * image.channels;
  downscale.pixel = downscale.channels = checked_cast<int>(image.channels);
  downscale.out = host.as<float>();
  downscale.out_height = target.shape[1];
  downscale.out_width = target.shape[2];
  downscale_u8(downscale, context.threads());
  copy_bytes(target.data, target.device, host.view().data, Device{}, target.bytes());
}

}  // namespace

void EvaluationNetwork::plan(const PictureSize& network) {
  if (graph_ && network.height == network_.height && network.width == network_.width) return;
  graph_ = std::make_unique<Graph>();
  composite_ = graph_->input("composite");
  mask_ = graph_->input("mask");
  result_ = harmonizer_.options().head == Head::affine ? harmonizer_.add_head_to(*graph_, composite_, mask_)
                                                       : harmonizer_.add_to(*graph_, composite_, mask_);
  graph_->keep(result_);
  graph_->plan(context_,
               {{composite_, {{1, network.height, network.width, 3}, DType::f32, true}},
                {mask_, {{1, network.height, network.width}, DType::f32, false}}},
               Mode::inference);
  network_ = network;
}

Tensor EvaluationNetwork::transformed(const Image& composite, const Image& mask) {
  Tensor picture({1, composite.height, composite.width, 3}, DType::f32, context_.device());
  Tensor mask_of_picture({1, mask.height, mask.width}, DType::f32, context_.device());
  upload(context_, composite, picture.view());
  upload(context_, mask, mask_of_picture.view());
  color_transform::Options options;
  const auto cells = static_cast<float>(harmonizer_.head_stride());
  options.scale_y = static_cast<float>(network_.height) / cells / static_cast<float>(composite.height);
  options.scale_x = static_cast<float>(network_.width) / cells / static_cast<float>(composite.width);
  color_transform::forward(
      context_, {graph_->value(result_), picture.view(), mask_of_picture.view(), picture.view()}, options);
  return picture;
}

FloatImage EvaluationNetwork::harmonize(const Image& composite, const Image& mask) {
  plan(network_size({harmonizer_.options(), inference_size_}, {composite.height, composite.width}));
  upload(context_, composite, graph_->value(composite_));
  upload(context_, mask, graph_->value(mask_));
  graph_->forward(context_);
  const bool affine = harmonizer_.options().head == Head::affine;
  const Tensor picture = affine ? transformed(composite, mask) : Tensor();
  const ConstTensorView result = affine ? picture.view() : graph_->value(result_);
  context_.synchronize();
  FloatImage output(composite.width, composite.height, 3);
  copy_bytes(output.pixels.data(), Device{}, result.data, result.device, result.bytes());
  for (float& value : output.pixels) value = std::clamp(value, 0.0f, 1.0f) * 255.0f;
  return output;
}

}  // namespace attune::tools
