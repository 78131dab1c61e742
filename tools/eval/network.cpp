#include "tools/eval/network.h"

#include <algorithm>

#include "kernels/resample/average_rows.h"

namespace attune::tools {

namespace {

// The samples as 0..1, averaged down to the target's size [1, h, w] or [1, h, w, channels].
void upload(Context& context, const Image& image, const TensorView& target) {
  Tensor host(target.shape, DType::f32);
  resample::AverageRows rows;
  rows.source = {image.pixels.data(), image.width * image.channels};
  rows.height = image.height;
  rows.width = image.width;
  rows.channels = checked_cast<int>(image.channels);
  rows.snap = image.channels == 1;
  rows.out = host.as<float>();
  rows.out_height = rows.row_end = target.shape[1];
  rows.out_width = target.shape[2];
  Context on_cpu(Device{}, context.threads());
  resample::average_rows(on_cpu, rows);
  copy_bytes(target.data, target.device, host.view().data, Device{}, target.bytes());
}

}  // namespace

Tensor EvaluationNetwork::transformed(const Image& composite, const Image& mask) {
  Tensor picture({1, composite.height, composite.width, 3}, DType::f32, context_.device());
  Tensor mask_of_picture({1, mask.height, mask.width}, DType::f32, context_.device());
  upload(context_, composite, picture.view());
  upload(context_, mask, mask_of_picture.view());
  const ConstTensorView map = network_->graph.value(network_->result);
  color_transform::forward(context_, {map, picture.view(), mask_of_picture.view(), picture.view()},
                           transform_scale(harmonizer_, network_->size, {composite.height, composite.width}));
  return picture;
}

FloatImage EvaluationNetwork::harmonize(const Image& composite, const Image& mask) {
  const auto whole = [](std::uint8_t value) { return value == 255; };
  if (std::all_of(mask.pixels.begin(), mask.pixels.end(), whole)) return to_float(composite);
  const PictureSize size =
      network_size({harmonizer_.options(), inference_size_}, {composite.height, composite.width});
  if (!network_ || network_->size != size)
    network_ = std::make_unique<InferenceGraph>(context_, harmonizer_, size);
  upload(context_, composite, network_->graph.value(network_->composite));
  upload(context_, mask, network_->graph.value(network_->mask));
  network_->graph.forward(context_);
  const bool affine = harmonizer_.options().head == Head::affine;
  const Tensor picture = affine ? transformed(composite, mask) : Tensor();
  const ConstTensorView result = affine ? picture.view() : network_->graph.value(network_->result);
  context_.synchronize();
  FloatImage output(composite.width, composite.height, 3);
  copy_bytes(output.pixels.data(), Device{}, result.data, result.device, result.bytes());
  for (float& value : output.pixels) value = std::clamp(value, 0.0f, 1.0f) * 255.0f;
  return output;
}

}  // namespace attune::tools
