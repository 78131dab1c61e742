// A session: a model at work on one device. Behind attune_session; one thread uses it at a time.
#pragma once

#include <memory>

#include "core/async.h"
#include "embed/attune/attune.h"
#include "embed/model_on_device.h"
#include "layers/graph.h"

namespace attune {

class Session {
 public:
  Session(std::shared_ptr<const Model> model, Device device, int threads);

  // Throws ErrorKind::argument on a picture or a strength that the C header's contract forbids; nothing is written
  // then.
  attune_mask_kind harmonize(const attune_picture& picture, float strength = 1);

 private:
  void plan(std::int64_t height, std::int64_t width);
  void load_inputs(const attune_picture& picture);
  void fetch_result();
  void apply_transform(const attune_picture& picture, float strength);
  void store_blended(const attune_picture& picture, float strength);
  TensorView on_host(ValueId value, const HostBuffer& twin) const;

  Context context_;
  Context
      host_;  // for the passes over the caller's picture, in CPU memory; the same device where context_ is the CPU
  ModelOnDevice model_;
  std::unique_ptr<Graph> graph_;  // planned for height_ x width_; kept for pictures that follow
  std::int64_t height_ = 0, width_ = 0;
  ValueId composite_ = 0, mask_ = 0, result_ = 0;
  HostBuffer composite_twin_, mask_twin_, result_twin_;  // of these values, on the host; empty on the CPU
};

}  // namespace attune
