// A session: a model at work on one device. Behind attune_session; one thread uses it at a time.
#pragma once

#include <memory>
#include <vector>

#include "core/async.h"
#include "embed/model_on_device.h"
#include "embed/monitor.h"
#include "embed/picture.h"
#include "layers/harmonizer/inference.h"

namespace attune {

class Session {
 public:
  // `options` with a valid device and number of threads.
  Session(std::shared_ptr<const Model> model, const attune_session_options& options,
          const Allocator& allocator);

  // One kind a picture. Throws ErrorKind::argument on a picture or option that the C header's contract forbids, before
  // anything is written; ErrorKind::cancelled where the caller wants no more.
  std::vector<attune_mask_kind> harmonize(const std::vector<attune_picture>& pictures,
                                          const attune_harmonize_options& options);

 private:
  struct Job {
    Picture picture;
    attune_mask_kind kind = ATTUNE_MASK_BOTH;
    PictureSize network;  // what the network sees of it, at first
    bool in_tiles = false;
  };
  using Jobs = std::vector<Job>;

  Job checked_job(const attune_picture& picture, bool inverted) const;
  std::vector<Job> checked_jobs(const std::vector<attune_picture>& pictures,
                                const attune_harmonize_options& options) const;
  std::size_t together(const Jobs& jobs, std::size_t first) const;
  void harmonize_together(const Job* jobs, std::size_t count, const attune_harmonize_options& options);
  void harmonize_in_tiles(const Job& job, const attune_harmonize_options& options);
  void plan(const PictureSize& network, std::int64_t count);
  void load(const Job& job, std::int64_t index, bool inverted, double share);
  void run_network(double share);
  void write(const Job& job, const TensorView& result, const attune_harmonize_options& options, double share);
  TensorView on_host(ValueId value, const HostBuffer& twin) const;

  Monitor monitor_;
  Context context_;
  // For the passes over the caller's picture, in CPU memory; the same device where context_ is the CPU.
  Context host_;
  ModelOnDevice model_;
  std::unique_ptr<InferenceGraph> network_;  // kept for pictures of one size that follow each other
  HostBuffer composite_twin_, mask_twin_, result_twin_;  // of these values, on the host; empty on the CPU
};

}  // namespace attune
