// Backward's kernels: the gradients by the normalized rows, in parts, then their sum through the normalization.
#pragma once

#include "core/cost.h"
#include "core/parallel.h"
#include "kernels/patch_infonce/logits.cuh"
#include "kernels/patch_infonce/tiles_bf16.cuh"
#include "kernels/patch_infonce/tiles_f32.cuh"

namespace attune::patch_infonce::cuda {

struct Saved {
  const float *log_sum, *miss;  // [images, anchors]
};

// The gradient of `owner`'s rows by the logits with `streamed`'s rows, one of which are the anchors. The streamed rows are
// cut into `splits` runs of tiles with a block each.
template <class T>
struct GradientJob {
  RowSet<T> owner, streamed;
  bool owns_anchors;
  Role role;  // of the side that are not the anchors
  int splits;
  float* partials;  // [splits, images, owner's capacity, depth]
};
constexpr int most_jobs = 4;
template <class T>
struct GradientJobs {
  GradientJob<T> job[most_jobs];
};

// What the weights of a tile need of its anchors, whichever side they are: pointers to the tile's first anchor's.
struct TileAnchors {
  const float *log_sum, *miss;
  const std::int32_t* positive_index;  // null where no column is a single anchor's positive
  std::int32_t first_other;            // index of the tile's first row of the other side

  template <class T>
  __device__ TileAnchors(const Problem<T>& problem, const GradientJob<T>& job, const Saved& saved,
                         std::int64_t image, const TileRows<T>& owner, const TileRows<T>& streamed) {
    const std::int64_t at =
        image * problem.anchors.capacity + (job.owns_anchors ? owner.first : streamed.first);
    const bool indexed = job.role == Role::one_positive || job.role == Role::one_positive_and_rest;
    log_sum = saved.log_sum + at;
    miss = saved.miss + at;
    positive_index = indexed ? problem.positive_index + at : nullptr;
    first_other = static_cast<std::int32_t>(job.owns_anchors ? streamed.first : owner.first);
  }
  __device__ float weight(Role role, float s, int anchor, int other) const {
    const bool positive = positive_index && positive_index[anchor] == first_other + other;
    return logit_gradient(role, s, log_sum[anchor], miss[anchor], positive);
  }
};

// Turns products of Layout's into weights, dL/ds / |streamed row| but for what all logits have in common; 0 where a row does
// not exist. Returns whether the thread has one that is not 0.
template <class Layout, class T = typename Layout::Element>
__device__ bool weigh(const GradientJob<T>& job, const TileAnchors& anchors, const TileRows<T>& owner,
                      const TileRows<T>& streamed, float share, float inverse_temperature,
                      typename Layout::Logits& logits) {
  bool any = false;
#pragma unroll
  for (int j = 0; j < Layout::columns; ++j)
#pragma unroll
    for (int i = 0; i < Layout::rows; ++i) {
      const int row = Layout::row(i), column = Layout::column(j);
      float weight = 0;
      if (row < owner.present && column < streamed.present) {
        const float inverse = streamed.inverse[column],
                    s = logits[i][j] * owner.inverse[row] * (inverse * inverse_temperature);
        const int anchor = job.owns_anchors ? row : column, other = job.owns_anchors ? column : row;
        weight = share * inverse * anchors.weight(job.role, s, anchor, other);
      }
      logits[i][j] = weight;
      any |= weight != 0;
    }
  return any;
}

// The first `count` of 4 values. `width` > 1: all or none, to an aligned place.
template <int width>
__device__ __forceinline__ void store_up_to(const float (&values)[4], int count, float* out) {
  if constexpr (width > 1) {
    if (count > 0) store<4>(values, out);
  } else {
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (j < count) out[j] = values[j];
  }
}

// What a block of gradient_kernel's launch has to do. Grid: image x (split x slice of the depth x tile of owners) x job.
template <class Layout, class T = typename Layout::Element>
struct GradientBlock {
  const GradientJob<T>& job;
  std::int64_t image, columns;
  int first_row, slice, split;
  bool works;
  TileRows<T> owner;
  float share;
  Range run;  // of tiles of the columns

  __device__ GradientBlock(const Problem<T>& problem, const GradientJobs<T>& jobs, int slices)
      : job(jobs.job[blockIdx.z]), image(blockIdx.x), columns(job.streamed.counted(image)) {
    const int tiles = tiles_of(job.owner.capacity, Layout::owners), block = static_cast<int>(blockIdx.y);
    first_row = block % tiles * Layout::owners;
    slice = block / tiles % slices;
    split = block / tiles / slices;
    const std::int64_t owners = job.owner.counted(image);
    works = split < job.splits && first_row < owners && problem.contributes(image);
    if (!works) return;
    owner = tile_of(job.owner, problem.depth, image, first_row, owners, Layout::owners);
    share =
        job.role == Role::positive_set ? 1.0f / static_cast<float>(problem.positives.counted(image)) : 1.0f;
    run = part_of(tiles_of(columns, Layout::streamed), job.splits, split);
  }
  // Of the owner's first row.
  __device__ float* partials(const Problem<T>& problem) const {
    return job.partials + ((split * problem.images + image) * job.owner.capacity + first_row) * problem.depth;
  }
};

template <class T, int width>
__global__ void __launch_bounds__(block_threads, 2)
    gradient_kernel(const __grid_constant__ Problem<T> problem, const __grid_constant__ GradientJobs<T> jobs,
                    Saved saved) {
  const GradientBlock<Tiles<T>> block(problem, jobs, (problem.depth + Tiles<T>::slice - 1) / Tiles<T>::slice);
  if (!block.works) return;
  const GradientJob<T>& job = block.job;
  const int first_depth = block.slice * Tiles<T>::slice;

  __shared__ typename Tiles<T>::Shared shared;
  __shared__ __align__(16) typename Tiles<T>::Weights weights;
  typename Tiles<T>::Sums sums = {};
  const int end = static_cast<int>(
      block.run.end);  // counts are of 32 bits; 64 in the loop would cost registers that it lacks
  for (int t = static_cast<int>(block.run.begin); t < end; ++t) {
    const TileRows<T> streamed = tile_of(job.streamed, problem.depth, block.image, t * tile, block.columns);
    typename Tiles<T>::Logits logits = {};
    if (job.role != Role::one_positive)
      Tiles<T>::template dot<width>(block.owner, streamed, problem.depth, shared, logits);
    const TileAnchors anchors(problem, job, saved, block.image, block.owner, streamed);
    const bool any = weigh<Tiles<T>>(job, anchors, block.owner, streamed, block.share,
                                     problem.inverse_temperature, logits);
    if (job.role == Role::one_positive && block_reduce(any ? 1 : 0, 0, Maximum()) == 0) continue;
    Tiles<T>::store_weights(logits, weights);
    Tiles<T>::template add_weighted_rows<width>(weights, block.owner.present, streamed, problem.depth,
                                                first_depth, shared, sums);
  }

  float* const out = block.partials(problem);
#pragma unroll
  for (int step = 0; step < Tiles<T>::steps; ++step)
#pragma unroll
    for (int i = 0; i < Tiles<T>::rows; ++i)
#pragma unroll
      for (int j = 0; j < Tiles<T>::columns; j += 4) {
        const int row = Tiles<T>::row(i), d = first_depth + Tiles<T>::depth(step, j);
        const float(&values)[4] = *reinterpret_cast<const float(*)[4]>(&sums[step][i][j]);
        if (row < block.owner.present)
          store_up_to<width>(values, problem.depth - d, out + std::int64_t{row} * problem.depth + d);
      }
}

// One set's gradient, and the parts that sum to it.
template <class T>
struct SetGradient {
  float* partials;  // [parts, images, capacity, depth]
  int parts;
  T* dz;
  GradientMode mode;
};
template <class T>
struct SetGradients {
  SetGradient<T> set[3];  // anchors, positives, negatives
};

// `width` neighbouring elements of a row's gradient: the sum of its parts, kept in the first of them.
template <int width, class T>
__device__ void sum_parts(const SetGradient<T>& gradient, std::int64_t at, std::int64_t stride,
                          float (&sum)[width]) {
  constexpr int piece = std::min(width, vector_width<float>);
  load_run<piece>(gradient.partials + at, sum);
  if (gradient.parts == 1) return;
#pragma unroll 4
  for (int part = 1; part < gradient.parts; ++part) {
    float more[width];
    load_run<piece>(gradient.partials + part * stride + at, more);
#pragma unroll
    for (int i = 0; i < width; ++i) sum[i] += more[i];
  }
  store_run<piece>(sum, gradient.partials + at);
}

// Grid: image x rows_per_block rows x set; a warp owns a row. du = (d^u - ^u <^u, d^u>) / |u|, twice over d^u.
template <class T, int width>
__global__ void __launch_bounds__(block_threads, 3)
    finish_gradient_kernel(const __grid_constant__ Problem<T> problem,
                           const __grid_constant__ SetGradients<T> gradients,
                           const float* __restrict__ dloss) {
  const SetGradient<T>& gradient = gradients.set[blockIdx.z];
  const std::int64_t images = contributing_images(problem);
  const RowSet<T> set = problem.set(blockIdx.z);
  const std::int64_t image = blockIdx.x, row = row_of_warp();
  const int depth = problem.depth;
  if (gradient.mode == GradientMode::ignore || row >= set.capacity) return;
  const std::int64_t at = image * set.capacity + row, stride = problem.images * set.capacity * depth;
  const bool flows =
      row < set.counted(image) && problem.contributes(image) && set.inverse[at] < 1 / minimum_length;
  const bool accumulate = gradient.mode == GradientMode::accumulate;
  if (!flows && accumulate) return;

  float along = 0, factor = 0;
  if (flows) {
    const float inverse = set.inverse[at];
    const auto anchors = static_cast<float>(images * problem.anchors.counted(image));
    factor = __fdividef(*dloss * problem.inverse_temperature * inverse, anchors);
    for (int d = lane_of_thread() * width; d < depth; d += warp_size * width) {
      float sum[width], z[width];
      sum_parts(gradient, at * depth + d, stride, sum);
      load<width>(set.rows + at * depth + d, z);
#pragma unroll
      for (int i = 0; i < width; ++i) along = fmaf(z[i] * inverse, sum[i], along);
    }
    along = warp_reduce(along, Sum()) * inverse;
  }
  for (int d = lane_of_thread() * width; d < depth; d += warp_size * width) {
    float result[width] = {};
    if (accumulate) load<width>(gradient.dz + at * depth + d, result);
    if (flows) {
      float sum[width], z[width];
      load_run<std::min(width, vector_width<float>)>(gradient.partials + at * depth + d, sum);
      load<width>(set.rows + at * depth + d, z);
#pragma unroll
      for (int i = 0; i < width; ++i) result[i] += factor * fmaf(-along, z[i], sum[i]);
    }
    store<width>(result, gradient.dz + at * depth + d);
  }
}

}  // namespace attune::patch_infonce::cuda
