// A session: a model at work on one device. Behind attune_session; one thread uses it at a time.
#pragma once

#include <memory>

#include "core/async.h"
#include "embed/attune/attune.h"
#include "embed/model_on_device.h"
#include "layers/harmonizer/inference.h"

namespace attune {

class Session {
 public:
  Session(std::shared_ptr<const Model> model, Device device, int threads);

  // Throws ErrorKind::argument on a picture or a strength that the C header's contract forbids; nothing is written
  // then.
  attune_mask_kind harmonize(const attune_picture& picture, float strength = 1);

 private:
  void plan(const PictureSize& network);
  void load_inputs(const attune_picture& picture);
  void fetch_result();
  void apply_transform(const attune_picture& picture, float strength);
  void store_blended(const attune_picture& picture, float strength);
  TensorView on_host(ValueId value, const HostBuffer& twin) const;

  Context context_;
  Context
      host_;  // for the passes over the caller's picture, in CPU memory; the same device where context_ is the CPU
  ModelOnDevice model_;
  std::unique_ptr<InferenceGraph> network_;  // kept for pictures of one size that follow each other
  HostBuffer composite_twin_, mask_twin_, result_twin_;  // of these values, on the host; empty on the CPU
};

}  // namespace attune
