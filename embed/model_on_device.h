// A model with its weights on a device: the model's own on the CPU, a copy of them elsewhere.
#pragma once

#include <memory>

#include "embed/model.h"

namespace attune {

class ModelOnDevice {
 public:
  // Throws ErrorKind::out_of_memory or unsupported where the device has no room or is not there.
  ModelOnDevice(std::shared_ptr<const Model> model, Device device);

  const Model& model() const { return *model_; }
  const Harmonizer& harmonizer() const { return copy_ ? copy_->harmonizer : model_->harmonizer(); }

 private:
  struct Copy {
    explicit Copy(const HarmonizerOptions& options) : harmonizer(store, options) {}
    ParameterStore store;
    Harmonizer harmonizer;
  };
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Copy> copy_;
};

}  // namespace attune
