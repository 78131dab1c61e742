// The two products that patch_infonce is made of, a tile of 64 x 64 by a block: its logits, and what the tile's weights
// make of the streamed rows. Plain f32 multiply-adds in registers, 4 x 4 a thread; bf16 becomes f32 on its way into shared
// memory. A shared array is read 4 neighbours at a time, and its lines are padded so that these stay aligned.
#pragma once

#include <algorithm>

#include "kernels/patch_infonce/rows.cuh"

namespace attune::patch_infonce::cuda {

constexpr int tile = 64;  // rows of either side
constexpr int padded = tile + 4;
// Depth of one step of the logits: 64 rows x 32 are 8 elements a thread of both sides, 16 KiB in flight a block.
constexpr int dot_depth = 32;
// Depth of one step of the gradient, and steps that a block keeps in registers: with 32 sums a thread 2 blocks share a
// multiprocessor; 64 would spill there.
constexpr int gradient_depth = 64, gradient_steps = 2;
constexpr int gradient_slice = gradient_depth * gradient_steps;

constexpr int tiles_of(std::int64_t rows) { return static_cast<int>((rows + tile - 1) / tile); }

// Up to 64 of an image's rows, of which `present` exist.
template <class T>
struct TileRows {
  const T* rows;
  const float* inverse;
  std::int64_t first;
  int present;
};

// The tile from row `first` on of a set whose image has `counted` rows.
template <class T>
__device__ TileRows<T> tile_of(const RowSet<T>& set, int depth, std::int64_t image, std::int64_t first,
                               std::int64_t counted) {
  const std::int64_t at = image * set.capacity + first;
  return {set.rows + at * depth, set.inverse + at, first,
          static_cast<int>(min(counted - first, std::int64_t{tile}))};
}

// Which elements of a tile a thread holds: rows row(0..3) of the owner, columns column(0..3) of the streamed side, which
// ascend. The `lanes` neighbouring threads of a row hold different columns.
struct Fragment {
  static constexpr int rows = 4, columns = 4, lanes = 16;

  __device__ static int row(int i) { return static_cast<int>(threadIdx.x) / lanes * rows + i; }
  __device__ static int column(int j) { return static_cast<int>(threadIdx.x) % lanes * columns + j; }
};

// Where a thread's group of 4 neighbours that holds the last of `count` ends.
template <class Count>
__device__ constexpr Count up_to_four(Count count) {
  return (count + 3) / 4 * 4;
}

union SharedTiles {
  struct {
    float owner[dot_depth * padded], streamed[dot_depth * padded];  // element (d, row) at d padded + row
  } dot;
  float streamed[tile * padded];  // element (row, d) at row padded + d
};

// 8 neighbouring elements of a row from depth d on, in pieces of `width`: use(i, piece), up to depth `end` and zeros where
// there is none.
template <int width, class T, class Use>
__device__ __forceinline__ void load_eight(const T* row, bool present, int d, int depth, int end,
                                           const Use& use) {
  // Element by element it is a loop: unrolled, backward's addresses would spill.
#pragma unroll width == 1 ? 1 : 2
  for (int i = 0; i < 8; i += width) {
    if (d + i >= end) return;
    float values[width] = {};
    if (present && d + i < depth) load<width>(row + d + i, values);
    use(i, values);
  }
}

// A warp takes 8 elements each of 32 rows, so that its stores to a line are neighbours. Lines end with the last row's
// group of 4.
template <int width, class T>
__device__ void load_transposed(const TileRows<T>& rows, int depth, int first_depth, float* shared) {
  const int row = static_cast<int>(threadIdx.x) % tile, d = static_cast<int>(threadIdx.x) / tile * 8;
  if (row >= up_to_four(rows.present)) return;
  load_eight<width>(rows.rows + std::int64_t{row} * depth, row < rows.present, first_depth + d, depth, depth,
                    [&](int i, const float(&values)[width]) {
#pragma unroll
                      for (int k = 0; k < width; ++k) shared[(d + i + k) * padded + row] = values[k];
                    });
}

// sums += the outer product of a line of either side, `lines` times.
__device__ __forceinline__ void add_outer_products(const float* owner, const float* streamed, int lines,
                                                   float (&sums)[Fragment::rows][Fragment::columns]) {
  owner += Fragment::row(0);
  streamed += Fragment::column(0);
#pragma unroll 4
  for (int line = 0; line < lines; ++line) {
    float a[Fragment::rows], b[Fragment::columns];
    load<Fragment::rows>(owner + line * padded, a);
    load<Fragment::columns>(streamed + line * padded, b);
#pragma unroll
    for (int i = 0; i < Fragment::rows; ++i)
#pragma unroll
      for (int j = 0; j < Fragment::columns; ++j) sums[i][j] = fmaf(a[i], b[j], sums[i][j]);
  }
}

// dot(i, j) = <owner row(i), streamed column(j)> where both exist. Ends with the shared memory free.
template <int width, class T>
__device__ void dot_tile(const TileRows<T>& owner, const TileRows<T>& streamed, int depth,
                         SharedTiles& shared, float (&dot)[Fragment::rows][Fragment::columns]) {
  const bool active = Fragment::row(0) < owner.present && Fragment::column(0) < streamed.present;
#pragma unroll
  for (int i = 0; i < Fragment::rows; ++i)
#pragma unroll
    for (int j = 0; j < Fragment::columns; ++j) dot[i][j] = 0;
  for (int first = 0; first < depth; first += dot_depth) {
    load_transposed<width>(owner, depth, first, shared.dot.owner);
    load_transposed<width>(streamed, depth, first, shared.dot.streamed);
    __syncthreads();
    const int lines = min(depth - first, dot_depth);
    if (active) add_outer_products(shared.dot.owner, shared.dot.streamed, lines, dot);
    __syncthreads();
  }
}

// A thread's sums of the gradient: row(i) of the owner, depth step * gradient_depth + column(j).
using GradientSums = float[gradient_steps][Fragment::rows][Fragment::columns];

// Rows of 64 neighbouring depths, 8 neighbours a thread.
template <int width, class T>
__device__ void load_rows(const TileRows<T>& rows, int depth, int first_depth, float* shared) {
  constexpr int threads_per_row = gradient_depth / 8;
  const int d = static_cast<int>(threadIdx.x) % threads_per_row * 8;
  for (int row = static_cast<int>(threadIdx.x) / threads_per_row; row < rows.present;
       row += block_threads / threads_per_row)
    load_eight<width>(rows.rows + std::int64_t{row} * depth, true, first_depth + d, depth, up_to_four(depth),
                      [&](int i, const float(&values)[width]) {
                        store_run<std::min(width, 4)>(values, shared + row * padded + d + i);
                      });
}

// sums += weights^T streamed, for the slice of depth from `first_depth` on. `weights` has element (streamed row, owner
// row) at streamed row * padded + owner row, and zeros for owners that don't exist.
template <int width, class T>
__device__ void add_weighted_rows(const float* weights, int owners, const TileRows<T>& streamed, int depth,
                                  int first_depth, SharedTiles& shared, GradientSums& sums) {
#pragma unroll
  for (int step = 0; step < gradient_steps; ++step) {
    const int first = first_depth + step * gradient_depth;
    if (first >= depth) break;
    load_rows<width>(streamed, depth, first, shared.streamed);
    __syncthreads();
    if (Fragment::row(0) < owners && first + Fragment::column(0) < depth)
      add_outer_products(weights, shared.streamed, streamed.present, sums[step]);
    __syncthreads();
  }
}

}  // namespace attune::patch_infonce::cuda
