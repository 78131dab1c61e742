// How the launches of patch_infonce share the rows, and where their scratch lies.
#pragma once

#include <algorithm>
#include <type_traits>

#include "core/cuda/launch.cuh"
#include "kernels/patch_infonce/forward.cuh"
#include "kernels/patch_infonce/held_backward.cuh"

namespace attune::patch_infonce::cuda {

// How the blocks of a kernel share the rows: owner rows a block, rows of a streamed tile, blocks on a multiprocessor.
struct Blocks {
  int owners, streamed, of_multiprocessor;
};
// 80 registers a thread let 3 blocks of 256 threads share a multiprocessor, backward's 128 let 2.
constexpr Blocks tiled_stream = {tile, tile, 3}, tiled_gradient = {tile, tile, 2};

// Held rows: forward has 32 owner rows a warp, so that a streamed row loaded from shared memory serves 4 products; backward,
// which holds their gradients as well, has registers for 16. More of both would spill.
template <int depth>
using HeldStream = HeldRows<depth, 2>;
template <int depth>
using HeldGradient = HeldRows<depth, 1>;
template <class Layout>
constexpr Blocks blocks_of = {Layout::owners, Layout::streamed, Layout::multiprocessor_blocks};

// Calls use(integral constant) where rows of this depth can be held.
template <class Use>
void with_held_depth(std::int64_t depth, const Use& use) {
  if (depth == 128) use(std::integral_constant<int, 128>());
  if (depth == 256) use(std::integral_constant<int, 256>());
}
inline bool can_hold(std::int64_t depth) {
  bool found = false;
  with_held_depth(depth, [&](auto) { found = true; });
  return found;
}

// Of a split's sums of a row, whatever the dtype.
constexpr int most_parts = std::max(Tiles<float>::parts, Tiles<bfloat16>::parts);

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Into how many runs the streamed tiles are cut: one, unless the owners alone leave multiprocessors idle.
inline int splits_for(std::int64_t blocks, std::int64_t owner_blocks, int streamed_tiles) {
  const std::int64_t wanted = blocks / std::max<std::int64_t>(1, owner_blocks);
  return static_cast<int>(std::clamp<std::int64_t>(wanted, 1, std::max(1, streamed_tiles)));
}

struct Plan {
  Extents e;
  bool holds;                            // the owners in registers
  int negative_splits, positive_splits;  // forward's
  int anchor_negative_splits, anchor_positive_splits, positive_anchor_splits,
      negative_anchor_splits;  // backward's: owner, streamed

  Plan(const Extents& extents, bool holds_owners) : e(extents), holds(holds_owners) {
    const Blocks stream = holds ? blocks_of<HeldStream<256>> : tiled_stream,
                 gradient = holds ? blocks_of<HeldGradient<256>> : tiled_gradient;
    negative_splits = splits(stream, 1, e.anchors, e.negatives);
    positive_splits = splits(stream, 1, e.anchors, e.positives);
    anchor_negative_splits = splits(gradient, most_jobs, e.anchors, e.negatives);
    anchor_positive_splits = splits(gradient, most_jobs, e.anchors, e.positives);
    positive_anchor_splits = splits(gradient, most_jobs, e.positives, e.anchors);
    negative_anchor_splits = splits(gradient, most_jobs, e.negatives, e.anchors);
  }
  int splits(const Blocks& blocks, int jobs, std::int64_t owners, std::int64_t streamed) const {
    return splits_for(std::int64_t{blocks.of_multiprocessor} * multiprocessor_count() / jobs,
                      checked_multiply(e.images, tiles_of(owners, blocks.owners)),
                      tiles_of(streamed, blocks.streamed));
  }
  // Of a split's sums of a row.
  template <class T>
  int parts() const {
    return holds ? 1 : Tiles<T>::parts;
  }
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
