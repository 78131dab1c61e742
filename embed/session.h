// A session: a model at work on one device. Behind attune_session; one thread uses it at a time.
#pragma once

#include <memory>
#include <vector>

#include "embed/model_on_device.h"
#include "embed/monitor.h"
#include "embed/network_run.h"
#include "embed/picture.h"
#include "embed/tiles.h"
#include "layers/harmonizer/inference.h"

namespace attune {

class Session {
 public:
  // Waits for what is enqueued, and frees it with its device current.
  struct Free {
    void operator()(Session* session) const noexcept;
  };
  using Handle = std::unique_ptr<Session, Free>;

  // `options` with a valid number of threads. Here and in harmonize() the thread's current CUDA device stays what it was.
  static Handle make(std::shared_ptr<const Model> model, const attune_session_options& options,
                     const Allocator& allocator);

  // One kind a picture. Of pictures on a device the work is only enqueued. Throws ErrorKind::argument on a picture or option
  // that the C header's contract forbids, before anything is written; ErrorKind::cancelled where the caller wants no more.
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

  Session(std::shared_ptr<const Model> model, const attune_session_options& options,
          const Allocator& allocator);

  Job checked_job(const attune_picture& picture, bool inverted) const;
  template <class Work>
  auto of_picture(std::size_t index, std::size_t count, const Work& work) const;
  std::size_t harmonize_next(const Jobs& jobs, std::size_t first, const attune_harmonize_options& options);
  std::size_t together(const Jobs& jobs, std::size_t first) const;
  void harmonize_together(const Jobs& jobs, std::size_t first, std::size_t count,
                          const attune_harmonize_options& options);
  void harmonize_in_tiles(const Jobs& jobs, std::size_t index, const attune_harmonize_options& options);
  std::unique_ptr<TiledNetwork> planned_tiles(const Job& job);
  TiledNetwork& kept_tiles(const Job& job);
  void plan(const Jobs& jobs, std::size_t first, std::size_t count);
  void refuse_to_be_captured() const;
  Context& context_of(const Picture& picture) { return picture.on_device ? context_ : host_; }
  std::int32_t* has_background(const Picture& picture, std::int64_t index);
  void load(const Job& job, std::int64_t index, bool inverted, double share);
  void write(const Job& job, std::int64_t index, const TensorView& result,
             const attune_harmonize_options& options, double share);

  Monitor monitor_;
  bool has_callers_stream_;
  Context context_;
  // For the passes over a picture in CPU memory; the same device where context_ is the CPU.
  Context host_;
  ModelOnDevice model_;
  std::unique_ptr<NetworkRun> network_;  // kept for pictures of one size that follow each other
  std::unique_ptr<TiledNetwork> tiles_;  // likewise, in device memory alone; told by network_
  Tensor backgrounds_;                   // i32, one a picture on a device: whether its mask has any
};

}  // namespace attune
