// A block's tile of 64 owner rows by 64 streamed rows. Tiles<T> makes the two products that patch_infonce is made of, the
// tile's logits and what the tile's weights make of the streamed rows; tiles_f32.cuh and tiles_bf16.cuh define it:
//
//     Element, owners, streamed          T, rows of either side
//     rows, columns, row(i), column(j)   the logits of a thread: owner rows row(i), streamed rows column(j), which ascend
//     lanes, parts, part()               `lanes` neighbouring threads share a row, `parts` groups of them see its columns
//     all_count(present)                 all columns of a thread are among the first `present`; may be false nevertheless
//     Shared, Weights                    what the products need of shared memory
//     dot                                <owner row, streamed row>, where both exist
//     store_weights                      a thread's weights to shared memory
//     steps, Sums, depth(step, j)        the gradients of a thread: owner rows row(i), depths in runs of 4 neighbours
//     add_weighted_rows                  sums += weights x streamed rows, for a slice of the depth
#pragma once

#include <algorithm>

#include "kernels/patch_infonce/rows.cuh"

namespace attune::patch_infonce::cuda {

constexpr int tile = 64;  // rows of either side
// Depth of one step of the gradients.
constexpr int step_depth = 64;

constexpr int tiles_of(std::int64_t rows, int size = tile) {
  return static_cast<int>((rows + size - 1) / size);
}

// Some of an image's rows from `first` on, of which `present` exist.
template <class T>
struct TileRows {
  const T* rows;
  const float* inverse;
  std::int64_t first;
  int present;
};

// The tile of up to `most` rows from row `first` on, of a set whose image has `counted`.
template <class T>
__device__ TileRows<T> tile_of(const RowSet<T>& set, int depth, std::int64_t image, std::int64_t first,
                               std::int64_t counted, int most = tile) {
  const std::int64_t at = image * set.capacity + first;
  return {set.rows + at * depth, set.inverse + at, first,
          static_cast<int>(min(counted - first, std::int64_t{most}))};
}

template <class T>
struct Tiles;

template <int multiple, class Count>
__device__ constexpr Count round_up(Count count) {
  return (count + multiple - 1) / multiple * multiple;
}

}  // namespace attune::patch_infonce::cuda
