// Forward's and nearest's kernels: running sums of rows over streamed columns, then what becomes of the rows' sums.
#pragma once

#include <type_traits>

#include "core/parallel.h"
#include "kernels/patch_infonce/logits.cuh"
#include "kernels/patch_infonce/tiles_bf16.cuh"
#include "kernels/patch_infonce/tiles_f32.cuh"

namespace attune::patch_infonce::cuda {

// The columns that a launch streams past the anchors, cut into `splits` runs of tiles with a block each.
template <class T>
struct Stream {
  RowSet<T> columns;
  int splits, first_split;
  bool without_positive;  // leave out each anchor's own positive
};

// [parts, images * anchors]: what each split saw of each anchor.
template <class RowSum>
struct Partials {
  RowSum* of_part;
  int parts;
  std::int64_t anchors;

  __device__ RowSum merged(std::int64_t anchor) const {
    RowSum sum;
    for (int part = 0; part < parts; ++part) sum.merge(of_part[part * anchors + anchor]);
    return sum;
  }
};

// What a thread knows of its anchors. Rows that don't count keep -1 and 0.
template <class T>
struct AnchorsOfThread {
  std::int32_t positive[Tiles<T>::rows];
  float inverse[Tiles<T>::rows], log_sum[Tiles<T>::rows];
};

// Adds a tile's logits to the thread's sums.
template <class T, class RowSum>
__device__ void add_logits(const typename Tiles<T>::Logits& dot, const TileRows<T>& streamed,
                           float inverse_temperature, const AnchorsOfThread<T>& anchors,
                           RowSum (&sums)[Tiles<T>::rows]) {
  std::int32_t column[Tiles<T>::columns];
  float scale[Tiles<T>::columns];
#pragma unroll
  for (int j = 0; j < Tiles<T>::columns; ++j) {
    const int at = Tiles<T>::column(j);
    column[j] = static_cast<std::int32_t>(streamed.first) + at;
    scale[j] = at < streamed.present ? streamed.inverse[at] * inverse_temperature : 0;
  }
#pragma unroll
  for (int i = 0; i < Tiles<T>::rows; ++i) {
    float s[Tiles<T>::columns];
#pragma unroll
    for (int j = 0; j < Tiles<T>::columns; ++j) {
      const bool counts = Tiles<T>::column(j) < streamed.present && column[j] != anchors.positive[i];
      s[j] = counts ? dot[i][j] * anchors.inverse[i] * scale[j] : RowSum::filler;
    }
    sums[i].add(s, column, anchors.log_sum[i]);
  }
}

// 3 blocks share a multiprocessor (plan.cuh). For f32 ptxas sees to that itself; told so, it spills.
template <class T>
constexpr int stream_blocks = std::is_same_v<T, bfloat16> ? 3 : 0;

// Grid: image x (split x tile of anchors) x stream. `rest` is what PositiveSums compares with.
template <class T, int width, class RowSum>
__global__ void __launch_bounds__(block_threads, stream_blocks<T>)
    stream_kernel(Problem<T> problem, Stream<T> first_stream, Stream<T> second_stream, Partials<LogSum> rest,
                  Partials<RowSum> partials) {
  const Stream<T> stream = blockIdx.z == 0 ? first_stream : second_stream;
  const std::int64_t image = blockIdx.x;
  const int tiles = tiles_of(problem.anchors.capacity), block = static_cast<int>(blockIdx.y);
  const int split = block / tiles, first_row = block % tiles * tile;
  const std::int64_t anchors = problem.anchors.counted(image);
  if (split >= stream.splits || first_row >= anchors) return;
  const TileRows<T> owner = tile_of(problem.anchors, problem.depth, image, first_row, anchors);

  const std::int64_t first_anchor = image * problem.anchors.capacity + first_row;
  AnchorsOfThread<T> known;
  RowSum sums[Tiles<T>::rows];
#pragma unroll
  for (int i = 0; i < Tiles<T>::rows; ++i) {
    const int row = Tiles<T>::row(i);
    const bool present = row < owner.present;
    known.positive[i] = present && stream.without_positive ? problem.positive_index[first_anchor + row] : -1;
    known.inverse[i] = present ? owner.inverse[row] : 0;
    known.log_sum[i] = 0;
    if constexpr (std::is_same_v<RowSum, PositiveSums>)
      if (present) known.log_sum[i] = rest.merged(first_anchor + row).value();
  }

  __shared__ typename Tiles<T>::Shared shared;
  const std::int64_t columns = stream.columns.counted(image);
  const Range run = part_of(tiles_of(columns), stream.splits, split);
  for (std::int64_t t = run.begin; t < run.end; ++t) {
    const TileRows<T> streamed = tile_of(stream.columns, problem.depth, image, t * tile, columns);
    typename Tiles<T>::Logits dot;
    Tiles<T>::template dot<width>(owner, streamed, problem.depth, shared, dot);
    add_logits(dot, streamed, problem.inverse_temperature, known, sums);
  }

  const int part = (stream.first_split + split) * Tiles<T>::parts + Tiles<T>::part();
  RowSum* const out = partials.of_part + part * partials.anchors + first_anchor;
#pragma unroll
  for (int i = 0; i < Tiles<T>::rows; ++i) {
#pragma unroll
    for (int lane_mask = Tiles<T>::lanes / 2; lane_mask > 0; lane_mask /= 2)
      sums[i].merge(sums[i].of_lane(lane_mask));
    if (threadIdx.x % Tiles<T>::lanes == 0 && Tiles<T>::row(i) < owner.present)
      out[Tiles<T>::row(i)] = sums[i];
  }
}

struct AnchorResults {
  float *log_sum, *miss, *loss;  // [images, anchors]
};

// Grid: image x rows_per_block anchors. A warp owns an anchor; in indexed mode it finds the one positive's logit.
template <class T, int width>
__global__ void __launch_bounds__(block_threads)
    anchors_kernel(Problem<T> problem, Partials<LogSum> rest, Partials<PositiveSums> positives,
                   AnchorResults out) {
  const std::int64_t image = blockIdx.x, row = row_of_warp();
  if (row >= problem.anchors.capacity) return;
  const std::int64_t at = image * problem.anchors.capacity + row;
  const bool counts = row < problem.anchors.counted(image) && problem.contributes(image);
  float log_sum = 0;
  PositiveSums sums;
  float share = 1;
  if (counts) {
    log_sum = rest.merged(at).value();
    if (problem.positive_index) {
      const std::int64_t positive = image * problem.positives.capacity + problem.positive_index[at];
      const float dot = warp_dot<width>(problem.anchors.rows + at * problem.depth,
                                        problem.positives.rows + positive * problem.depth, problem.depth);
      const float s[] = {dot * problem.anchors.inverse[at] *
                         (problem.positives.inverse[positive] * problem.inverse_temperature)};
      sums.add(s, {0}, log_sum);
    } else {
      sums = positives.merged(at);
      share = 1.0f / static_cast<float>(problem.positives.counted(image));
    }
  }
  if (lane_of_thread() > 0) return;
  out.log_sum[at] = log_sum;
  out.miss[at] = sums.miss * share;
  out.loss[at] = sums.loss * share;
}

// One block, which need not share a multiprocessor: the mean of the anchors' losses, then of the contributing images'.
template <class T>
__global__ void __launch_bounds__(block_threads, 1)
    loss_kernel(Problem<T> problem, const float* __restrict__ losses, float* __restrict__ loss) {
  double sum = 0;
  const std::int64_t anchors = problem.anchors.capacity;
  for (std::int64_t at = threadIdx.x; at < problem.images * anchors; at += block_threads) {
    const std::int64_t image = at / anchors;
    if (at % anchors < problem.anchors.counted(image))
      sum += static_cast<double>(losses[at]) / static_cast<double>(problem.anchors.counted(image));
  }
  sum = block_reduce(sum, 0.0, Sum());
  const std::int64_t images = contributing_images(problem);
  if (threadIdx.x == 0) *loss = images > 0 ? static_cast<float>(sum / static_cast<double>(images)) : 0.0f;
}

// Grid: image x block_threads anchors.
template <class T>
__global__ void __launch_bounds__(block_threads)
    nearest_kernel(Problem<T> problem, Partials<Largest> partials,
                   std::int32_t* __restrict__ positive_index) {
  const std::int64_t image = blockIdx.x, row = std::int64_t{blockIdx.y} * block_threads + threadIdx.x;
  if (row >= problem.anchors.capacity) return;
  const std::int64_t at = image * problem.anchors.capacity + row;
  positive_index[at] = row < problem.anchors.counted(image) ? partials.merged(at).column : 0;
}

}  // namespace attune::patch_infonce::cuda
