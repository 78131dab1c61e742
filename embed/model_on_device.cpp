#include "embed/model_on_device.h"

namespace attune {

ModelOnDevice::ModelOnDevice(std::shared_ptr<const Model> model, Device device) : model_(std::move(model)) {
  if (device.kind == DeviceKind::cpu) return;
  copy_ = std::make_unique<Copy>(model_->description().options);
  copy_->store.allocate_for_inference(device);
  for (const Parameter& parameter : model_->store().all()) copy_->store.load(parameter.name, parameter.value);
  if (model_->description().options.activations != DType::bf16) return;
  Context context(device);
  copy_->store.round_values(context);
  context.synchronize();
}

}  // namespace attune
