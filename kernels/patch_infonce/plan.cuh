// How the launches of patch_infonce share the rows, and where their scratch lies.
#pragma once

#include <algorithm>

#include "core/cuda/launch.cuh"
#include "kernels/patch_infonce/backward.cuh"
#include "kernels/patch_infonce/forward.cuh"

namespace attune::patch_infonce::cuda {

// 80 registers a thread let 3 blocks of 256 threads share a multiprocessor, backward's 128 let 2.
constexpr std::int64_t stream_blocks_per_multiprocessor = 3, gradient_blocks_per_multiprocessor = 2;

// Of a split's sums of a row, whatever the dtype.
constexpr int most_parts = std::max(Tiles<float>::parts, Tiles<bfloat16>::parts);

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Into how many runs the streamed tiles are cut: one, unless the owners alone leave multiprocessors idle.
inline int splits_for(std::int64_t blocks, std::int64_t owner_blocks, std::int64_t streamed_rows) {
  const std::int64_t wanted = blocks / std::max<std::int64_t>(1, owner_blocks);
  return static_cast<int>(std::clamp<std::int64_t>(wanted, 1, std::max(1, tiles_of(streamed_rows))));
}

struct Plan {
  Extents e;
  int negative_splits, positive_splits;  // forward's
  int anchor_negative_splits, anchor_positive_splits, positive_anchor_splits,
      negative_anchor_splits;  // backward's: owner, streamed

  explicit Plan(const Extents& extents) : e(extents) {
    const std::int64_t multiprocessors = multiprocessor_count();
    const std::int64_t stream_blocks = stream_blocks_per_multiprocessor * multiprocessors;
    const std::int64_t job_blocks = gradient_blocks_per_multiprocessor * multiprocessors / most_jobs;
    negative_splits = splits_for(stream_blocks, owner_blocks(e.anchors), e.negatives);
    positive_splits = splits_for(stream_blocks, owner_blocks(e.anchors), e.positives);
    anchor_negative_splits = splits_for(job_blocks, owner_blocks(e.anchors), e.negatives);
    anchor_positive_splits = splits_for(job_blocks, owner_blocks(e.anchors), e.positives);
    positive_anchor_splits = splits_for(job_blocks, owner_blocks(e.positives), e.anchors);
    negative_anchor_splits = splits_for(job_blocks, owner_blocks(e.negatives), e.anchors);
  }
  std::int64_t owner_blocks(std::int64_t rows) const { return checked_multiply(e.images, tiles_of(rows)); }
  std::int64_t anchors() const { return checked_multiply(e.images, e.anchors); }
};

// The parts of the workspace: rows' inverse lengths, and what the first kernels hand to the last.
class Scratch {
 public:
  float *inverse_of_anchors, *inverse_of_positives, *inverse_of_negatives;
  LogSum* rest;                               // [parts of negative + positive splits, images * anchors]
  PositiveSums* positives;                    // [parts of positive splits, images * anchors]
  Largest* largest;                           // in the same place: nearest's
  float* loss;                                // [images, anchors]
  float *danchors, *dpositives, *dnegatives;  // backward's parts of the gradients, in place of the sums

  Scratch(const Plan& plan, void* memory) : memory_(reinterpret_cast<std::uintptr_t>(memory)) {
    const Extents& e = plan.e;
    inverse_of_anchors = take<float>(plan.anchors());
    inverse_of_positives = take<float>(checked_multiply(e.images, e.positives));
    inverse_of_negatives = take<float>(checked_multiply(e.images, e.negatives));
    const std::int64_t shared_begin = used_;
    rest = take<LogSum>(
        checked_multiply(most_parts * (plan.negative_splits + plan.positive_splits), plan.anchors()));
    positives = take<PositiveSums>(checked_multiply(most_parts * plan.positive_splits, plan.anchors()));
    largest = reinterpret_cast<Largest*>(positives);
    loss = take<float>(plan.anchors());
    const std::int64_t forward_end = used_;
    used_ = shared_begin;
    danchors = take_gradient(plan, plan.anchor_negative_splits + plan.anchor_positive_splits, e.anchors);
    dpositives = take_gradient(plan, plan.positive_anchor_splits, e.positives);
    dnegatives = take_gradient(plan, plan.negative_anchor_splits, e.negatives);
    used_ = std::max(used_, forward_end);
  }
  std::int64_t bytes() const { return used_; }

 private:
  template <class T>
  T* take(std::int64_t elements) {
    T* const taken = reinterpret_cast<T*>(memory_ + static_cast<std::uintptr_t>(used_));
    used_ += divide_up(checked_multiply(elements, sizeof(T)), vector_bytes) * vector_bytes;
    return taken;
  }
  float* take_gradient(const Plan& plan, std::int64_t parts, std::int64_t rows) {
    return take<float>(
        checked_multiply(checked_multiply(parts, plan.e.images), checked_multiply(rows, plan.e.depth)));
  }

  std::uintptr_t memory_;
  std::int64_t used_ = 0;
};

}  // namespace attune::patch_infonce::cuda
