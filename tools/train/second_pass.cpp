#include "tools/train/second_pass.h"

#include "core/async.h"

namespace attune::tools {

namespace {

TensorView images_of(const TensorView& all, std::int64_t first, std::int64_t count) {
  TensorView some = all;
  some.data = all.slice(first).data;
  const Shape& shape = all.shape;
  some.shape =
      shape.rank() == 4 ? Shape{count, shape[1], shape[2], shape[3]} : Shape{count, shape[1], shape[2]};
  return some;
}

}  // namespace

SecondPass::SecondPass(const BatchViews& inputs, const TensorView& output, std::int64_t pictures) {
  const std::int64_t batch = inputs.composite.shape[0];
  require(pictures >= 0 && 2 * pictures <= batch, ErrorKind::configuration, "train.second_pass is ", pictures,
          ", expected 0 to ", batch / 2, ", half of train.batch");
  if (pictures == 0) return;
  const auto add = [&](const TensorView& to, const TensorView& from) {
    Lane lane{images_of(to, 0, pictures), {}, images_of(from, batch - pictures, pictures)};
    lane.kept = Tensor(lane.to.shape, lane.to.dtype, lane.to.device);
    lanes_.push_back(std::move(lane));
  };
  add(inputs.composite, output);
  add(inputs.real, inputs.real);
  add(inputs.mask, inputs.mask);
}

void SecondPass::give(Context& context) {
  if (!filled_) return;
  for (Lane& lane : lanes_) copy_async(context, lane.to, lane.kept.view());
}

void SecondPass::take(Context& context) {
  for (Lane& lane : lanes_) copy_async(context, lane.kept.view(), lane.from);
  filled_ = true;
}

std::vector<NamedState> SecondPass::state() {
  std::vector<NamedState> all;
  const char* const names[] = {"second_pass.composite", "second_pass.real", "second_pass.mask"};
  for (std::size_t i = 0; i < lanes_.size(); ++i) all.push_back({names[i], lanes_[i].kept.view()});
  return all;
}

}  // namespace attune::tools
