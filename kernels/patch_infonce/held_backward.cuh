// gradient_kernel with the owners held in registers (held_rows.cuh), for all of the depth. What the weights need of the
// streamed rows arrives in shared memory beside them, 0 where a row does not exist; so its weight is 0 without a look.
#pragma once

#include <type_traits>

#include "kernels/patch_infonce/backward.cuh"
#include "kernels/patch_infonce/held_rows.cuh"

namespace attune::patch_infonce::cuda {

// What the weights need of an image's rows; of anchors only what the anchors have.
__device__ inline RowValues values_of(const Problem<bfloat16>& problem, const Saved& saved,
                                      const RowSet<bfloat16>& set, bool anchors, std::int64_t image) {
  const std::int64_t first = image * set.capacity;
  if (!anchors) return {set.inverse + first, nullptr, nullptr, nullptr};
  return {set.inverse + first, saved.log_sum + first, saved.miss + first,
          problem.positive_index ? problem.positive_index + first : nullptr};
}

// Those of the block's owners into shared memory; a barrier has to follow.
template <class Layout>
__device__ void share_owners(const RowValues& known, const GradientBlock<Layout>& block,
                             typename Layout::Shared& shared) {
  const int row = static_cast<int>(threadIdx.x), at = block.first_row + row;
  if (row >= Layout::owners) return;
  const bool present = row < block.owner.present;
  shared.of_owners.inverse[row] = present ? known.inverse[at] : 0;
  shared.of_owners.log_sum[row] = present && known.log_sum ? known.log_sum[at] : 0;
  shared.of_owners.miss[row] = present && known.miss ? known.miss[at] : 0;
  shared.of_owners.positive[row] = present && known.positive ? known.positive[at] : -1;
}

// Turns a chunk's products into weights; as weigh does, but for the one positive of indexed mode.
template <bool owns_anchors, bool positive_set, class Layout>
__device__ void weigh_held(const HeldValues<Layout::owners>& owners,
                           const typename Layout::Streamed& streamed, int first, float share, float scale,
                           typename Layout::Logits& logits) {
#pragma unroll
  for (int i = 0; i < Layout::rows; ++i) {
    const int row = Layout::row(i);
    const float inverse = owners.inverse[row], row_log_sum = owners.log_sum[row] * log2_e,
                row_miss = owners.miss[row];
#pragma unroll
    for (int j = 0; j < Layout::columns; ++j) {
      const int column = first + Layout::column(j);
      const float to_weight = streamed.values.inverse[column] * share,
                  log_sum = owns_anchors ? row_log_sum : streamed.values.log_sum[column] * log2_e,
                  miss = owns_anchors ? row_miss : streamed.values.miss[column];
      const float excess = fmaf(logits[i][j] * (streamed.values.inverse[column] * scale), inverse, -log_sum);
      logits[i][j] = positive_set ? -to_weight * logistic(-excess, power_of_two(-fabsf(excess)))
                                  : to_weight * miss * power_of_two(fminf(excess, 0));
    }
  }
}

// Indexed mode: gives the pairs of an anchor and its positive their weight.
template <bool owns_anchors, class Layout>
__device__ void weigh_pairs(const HeldValues<Layout::owners>& owners, int first_owner,
                            const typename Layout::Streamed& streamed, int first,
                            typename Layout::Logits& logits) {
#pragma unroll
  for (int i = 0; i < Layout::rows; ++i)
#pragma unroll
    for (int j = 0; j < Layout::columns; ++j) {
      const int row = Layout::row(i), column = first + Layout::column(j);
      const bool pair = owns_anchors ? owners.positive[row] == streamed.first + column
                                     : streamed.values.positive[column] == first_owner + row;
      const float miss = owns_anchors ? owners.miss[row] : streamed.values.miss[column];
      if (pair) logits[i][j] = -streamed.values.inverse[column] * miss;
    }
}

// For all threads of a warp.
template <class Layout>
__device__ bool all_zero(const typename Layout::Logits& weights) {
  bool any = false;
#pragma unroll
  for (int i = 0; i < Layout::rows; ++i)
#pragma unroll
    for (int j = 0; j < Layout::columns; ++j) any |= weights[i][j] != 0;
  return !__any_sync(0xffffffffu, any);
}

template <class Layout, bool indexed>
__global__ void __launch_bounds__(Layout::threads, Layout::multiprocessor_blocks)
    held_gradient_kernel(const __grid_constant__ Problem<bfloat16> problem,
                         const __grid_constant__ GradientJobs<bfloat16> jobs, Saved saved) {
  const GradientBlock<Layout> block(problem, jobs, 1);
  if (!block.works) return;
  const GradientJob<bfloat16>& job = block.job;
  const bool owns_anchors = job.owns_anchors;
  const Role role = job.role;
  constexpr int chains = indexed ? 1 : 2;  // what the registers allow

  __shared__ typename Layout::Shared shared;
  typename Layout::Held held;
  Layout::hold(block.owner, held);
  share_owners(values_of(problem, saved, job.owner, owns_anchors, block.image), block, shared);
  if (threadIdx.x == 0) shared.gradients = block.partials(problem);
  __syncthreads();
  const HeldValues<Layout::owners>& owners = shared.of_owners;
  typename Layout::Sums sums = {};
  const float share = indexed ? 1.0f : block.share;
  const auto weigh = [&](const typename Layout::Streamed& streamed, int first,
                         typename Layout::Logits& logits) {
    const auto as = [&](auto anchors, auto set) {
      weigh_held<decltype(anchors)::value, decltype(set)::value, Layout>(owners, streamed, first, share,
                                                                         problem.scale, logits);
    };
    if (!indexed && role == Role::positive_set)
      owns_anchors ? as(std::true_type(), std::true_type()) : as(std::false_type(), std::true_type());
    else
      owns_anchors ? as(std::true_type(), std::false_type()) : as(std::false_type(), std::false_type());
  };
  const auto add_tile = [&](const typename Layout::Streamed& streamed, const typename Layout::Tile& words) {
#pragma unroll 1
    for (int first = 0; first < streamed.present; first += Layout::chunk) {
      typename Layout::Logits logits = {};
      if (!indexed || role != Role::one_positive) {
        Layout::template dot<chains>(held, words, first, logits);
        weigh(streamed, first, logits);
      }
      if constexpr (indexed)
        if (role != Role::rest) {
          if (owns_anchors)
            weigh_pairs<true, Layout>(owners, block.first_row, streamed, first, logits);
          else
            weigh_pairs<false, Layout>(owners, block.first_row, streamed, first, logits);
          if (role == Role::one_positive && all_zero<Layout>(logits)) continue;
        }
      Layout::add_weighted_rows(logits, words, first, sums);
    }
  };
  Layout::for_each_tile(job.streamed, values_of(problem, saved, job.streamed, !owns_anchors, block.image),
                        block.image, static_cast<int>(block.columns), block.run, shared, add_tile);
  Layout::store(sums, block.owner.present, shared.gradients);
}

}  // namespace attune::patch_infonce::cuda
