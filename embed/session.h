// A session: a model at work on one device. Behind attune_session; one thread uses it at a time.
#pragma once

#include <memory>

#include "core/context.h"
#include "embed/attune/attune.h"
#include "embed/model.h"
#include "layers/graph.h"

namespace attune {

class Session {
 public:
  Session(std::shared_ptr<const Model> model, Device device, int threads);

  // Throws ErrorKind::argument on a picture that the C header's contract forbids; nothing is written then.
  attune_mask_kind harmonize(const attune_picture& picture);

 private:
  void plan(std::int64_t height, std::int64_t width);
  void load_inputs(const attune_picture& picture);
  void apply_transform(const attune_picture& picture);
  void store_blended(const attune_picture& picture);

  std::shared_ptr<const Model> model_;
  Context context_;
  std::unique_ptr<Graph> graph_;  // planned for height_ x width_; kept for pictures that follow
  std::int64_t height_ = 0, width_ = 0;
  ValueId composite_ = 0, mask_ = 0, result_ = 0;
};

}  // namespace attune
