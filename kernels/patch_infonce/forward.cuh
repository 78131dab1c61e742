// Forward's and nearest's kernels: running sums of rows over streamed columns, then what becomes of the rows' sums.
#pragma once

#include <type_traits>

#include "core/parallel.h"
#include "kernels/patch_infonce/held_rows.cuh"
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

// A thread's anchors, by Layout's rows, and its sums of the columns that it has seen.
template <class Layout, class RowSum>
class AnchorSums {
 public:
  using T = typename Layout::Element;

  // `rest` is what PositiveSums compares with.
  __device__ AnchorSums(const Problem<T>& problem, const Stream<T>& stream, const Partials<LogSum>& rest,
                        std::int64_t image, const TileRows<T>& owner)
      : first_(image * problem.anchors.capacity + owner.first),
        present_(owner.present),
        scale_(problem.scale),
        without_positive_(stream.without_positive) {
#pragma unroll
    for (int i = 0; i < Layout::rows; ++i) {
      const int row = Layout::row(i);
      const bool present = row < owner.present;
      positive_[i] = present && stream.without_positive ? problem.positive_index[first_ + row] : -1;
      inverse_[i] = present ? owner.inverse[row] : 0;
      log_sum_[i] = 0;
      if constexpr (std::is_same_v<RowSum, PositiveSums>)
        if (present) log_sum_[i] = rest.merged(first_ + row).value();
    }
  }

  // The logits of a tile from its products.
  __device__ void add(const typename Layout::Logits& dot, const TileRows<T>& streamed) {
    std::int32_t column[Layout::columns];
    float scale[Layout::columns];
#pragma unroll
    for (int j = 0; j < Layout::columns; ++j) {
      const int at = Layout::column(j);
      column[j] = static_cast<std::int32_t>(streamed.first) + at;
      scale[j] = at < streamed.present ? streamed.inverse[at] * scale_ : 0;
    }
    const bool all_count = Layout::all_count(streamed.present) && !without_positive_;
#pragma unroll
    for (int i = 0; i < Layout::rows; ++i) {
      float values[Layout::columns];
#pragma unroll
      for (int j = 0; j < Layout::columns; ++j) {
        const bool counts = all_count || (Layout::column(j) < streamed.present && column[j] != positive_[i]);
        values[j] = counts ? dot[i][j] * scale[j] : RowSum::filler;
      }
      sums_[i].add(values, inverse_[i], column, log_sum_[i]);
    }
  }

  // Merges what the threads of a row have seen, as part `part` of all.
  __device__ void store(const Partials<RowSum>& partials, int part) {
    RowSum* const out = partials.of_part + part * partials.anchors + first_;
#pragma unroll
    for (int i = 0; i < Layout::rows; ++i) {
#pragma unroll
      for (int lane_mask = Layout::lanes / 2; lane_mask > 0; lane_mask /= 2)
        sums_[i].merge(sums_[i].of_lane(lane_mask));
      if (threadIdx.x % Layout::lanes == 0 && Layout::row(i) < present_) out[Layout::row(i)] = sums_[i];
    }
  }

 private:
  std::int64_t first_;
  int present_;
  float scale_;
  bool without_positive_;
  std::int32_t positive_[Layout::rows];  // -1 in rows that don't count, as 0 below
  float inverse_[Layout::rows], log_sum_[Layout::rows];
  RowSum sums_[Layout::rows];
};

// What a block of a launch has to do: grid image x (split x tile of anchors) x stream.
template <class Layout>
struct StreamBlock {
  using T = typename Layout::Element;
  Stream<T> stream;
  std::int64_t image;
  int columns, split;
  bool works;
  TileRows<T> owner;
  Range run;  // of tiles of the columns

  __device__ StreamBlock(const Problem<T>& problem, const Stream<T>& first_stream,
                         const Stream<T>& second_stream)
      : stream(blockIdx.z == 0 ? first_stream : second_stream),
        image(blockIdx.x),
        columns(static_cast<int>(stream.columns.counted(image))) {
    const int tiles = tiles_of(problem.anchors.capacity, Layout::owners),
              block = static_cast<int>(blockIdx.y);
    const int first_row = block % tiles * Layout::owners;
    const std::int64_t anchors = problem.anchors.counted(image);
    split = block / tiles;
    works = split < stream.splits && first_row < anchors;
    if (!works) return;
    owner = tile_of(problem.anchors, problem.depth, image, first_row, anchors, Layout::owners);
    run = part_of(tiles_of(columns, Layout::streamed), stream.splits, split);
  }
  __device__ int part() const { return (stream.first_split + split) * Layout::parts + Layout::part(); }
};

// Blocks that share a multiprocessor (plan.cuh). For f32 ptxas sees to that itself, but spills on sm_120; 2 blocks would take half
// as long again on an H200.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1200
constexpr int stream_blocks_of_f32 = 2;
#else
constexpr int stream_blocks_of_f32 = 0;
#endif
template <class T>
constexpr int stream_blocks = std::is_same_v<T, bfloat16> ? 3 : stream_blocks_of_f32;

template <class T, int width, class RowSum>
__global__ void __launch_bounds__(block_threads, stream_blocks<T>)
    stream_kernel(Problem<T> problem, Stream<T> first_stream, Stream<T> second_stream, Partials<LogSum> rest,
                  Partials<RowSum> partials) {
  const StreamBlock<Tiles<T>> block(problem, first_stream, second_stream);
  if (!block.works) return;
  AnchorSums<Tiles<T>, RowSum> sums(problem, block.stream, rest, block.image, block.owner);
  __shared__ typename Tiles<T>::Shared shared;
  for (std::int64_t t = block.run.begin; t < block.run.end; ++t) {
    const TileRows<T> streamed =
        tile_of(block.stream.columns, problem.depth, block.image, t * tile, block.columns);
    typename Tiles<T>::Logits dot;
    Tiles<T>::template dot<width>(block.owner, streamed, problem.depth, shared, dot);
    sums.add(dot, streamed);
  }
  sums.store(partials, block.part());
}

// The same with the anchors held in registers.
template <class Layout, class RowSum>
__global__ void __launch_bounds__(Layout::threads, Layout::multiprocessor_blocks)
    held_stream_kernel(Problem<bfloat16> problem, Stream<bfloat16> first_stream,
                       Stream<bfloat16> second_stream, Partials<LogSum> rest, Partials<RowSum> partials) {
  const StreamBlock<Layout> block(problem, first_stream, second_stream);
  if (!block.works) return;
  AnchorSums<Layout, RowSum> sums(problem, block.stream, rest, block.image, block.owner);
  __shared__ typename Layout::Shared shared;
  typename Layout::Held held;
  Layout::hold(block.owner, held);
  const auto add_tile = [&](const typename Layout::Streamed& streamed, const typename Layout::Tile& words) {
#pragma unroll 1
    for (int first = 0; first < streamed.present; first += Layout::chunk) {
      typename Layout::Logits dot;
      Layout::template dot<1>(held, words, first, dot);
      sums.add(dot,
               {nullptr, streamed.values.inverse + first, streamed.first + first, streamed.present - first});
    }
  };
  const RowSet<bfloat16>& columns = block.stream.columns;
  Layout::for_each_tile(columns, {columns.inverse + block.image * columns.capacity}, block.image,
                        block.columns, block.run, shared, add_tile);
  sums.store(partials, block.part());
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
      const float value[] = {dot * problem.positives.inverse[positive] * problem.scale};
      sums.add(value, problem.anchors.inverse[at], {0}, log_sum);
    } else {
      sums = positives.merged(at);
      share = 1.0f / static_cast<float>(problem.positives.counted(image));
    }
  }
  if (lane_of_thread() > 0) return;
  out.log_sum[at] = log_sum * ln_2;
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
