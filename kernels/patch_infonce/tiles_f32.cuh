// Tiles of f32 rows: plain multiply-adds in registers, 4 x 4 a thread. Both sides lie in shared memory with neighbouring
// rows (for the gradients: depths) side by side, read 4 at a time; lines are padded so that these stay aligned.
#pragma once

#include "kernels/patch_infonce/tiles.cuh"

namespace attune::patch_infonce::cuda {

template <>
struct Tiles<float> {
  using Element = float;
  static constexpr int owners = tile, streamed = tile;
  static constexpr int rows = 4, columns = 4, lanes = 16, parts = 1;
  // With 32 sums a thread 2 blocks share a multiprocessor; 64 would spill there.
  static constexpr int steps = 2, slice = steps * step_depth;

  __device__ static int row(int i) { return static_cast<int>(threadIdx.x) / lanes * rows + i; }
  __device__ static int column(int j) { return static_cast<int>(threadIdx.x) % lanes * columns + j; }
  __device__ static int part() { return 0; }
  __device__ static constexpr bool all_count(int) { return false; }
  __device__ static int depth(int step, int j) { return step * step_depth + column(j); }

  static constexpr int padded = tile + 4;
  // Depth of one step of the logits: 64 rows x 32 are 8 elements a thread of both sides, 16 KiB in flight a block.
  static constexpr int dot_depth = 32;

  using Logits = float[rows][columns];
  using Sums = float[steps][rows][columns];
  using Weights =
      float[tile * padded];  // element (streamed row, owner row) at streamed row * padded + owner row
  union Shared {
    struct {
      float owner[dot_depth * padded], streamed[dot_depth * padded];  // element (d, row) at d padded + row
    } dot;
    float streamed[tile * padded];  // element (row, d) at row padded + d
  };

  // Ends with the shared memory free.
  template <int width>
  __device__ static void dot(const TileRows<float>& owner, const TileRows<float>& streamed, int depth,
                             Shared& shared, Logits& logits) {
    const bool active = row(0) < owner.present && column(0) < streamed.present;
#pragma unroll
    for (int i = 0; i < rows; ++i)
#pragma unroll
      for (int j = 0; j < columns; ++j) logits[i][j] = 0;
    for (int first = 0; first < depth; first += dot_depth) {
      load_transposed<width>(owner, depth, first, shared.dot.owner);
      load_transposed<width>(streamed, depth, first, shared.dot.streamed);
      __syncthreads();
      const int lines = min(depth - first, dot_depth);
      if (active) add_outer_products(shared.dot.owner, shared.dot.streamed, lines, logits);
      __syncthreads();
    }
  }

  __device__ static void store_weights(const Logits& values, Weights& weights) {
#pragma unroll
    for (int j = 0; j < columns; ++j) {
      const float of_column[rows] = {values[0][j], values[1][j], values[2][j], values[3][j]};
      store<rows>(of_column, weights + column(j) * padded + row(0));
    }
  }

  // For the slice from `first_depth` on.
  template <int width>
  __device__ static void add_weighted_rows(const Weights& weights, int owners,
                                           const TileRows<float>& streamed, int depth, int first_depth,
                                           Shared& shared, Sums& sums) {
#pragma unroll
    for (int step = 0; step < steps; ++step) {
      const int first = first_depth + step * step_depth;
      if (first >= depth) break;
      load_rows<width>(streamed, depth, first, shared.streamed);
      __syncthreads();
      if (row(0) < owners && first + column(0) < depth)
        add_outer_products(weights, shared.streamed, streamed.present, sums[step]);
      __syncthreads();
    }
  }

 private:
  // 8 neighbouring elements of a row from depth d on, in pieces of `width`: use(i, piece), up to depth `end` and zeros
  // where there is none.
  template <int width, class Use>
  __device__ __forceinline__ static void load_eight(const float* row, bool present, int d, int depth, int end,
                                                    const Use& use) {
    // Element by element, and on Blackwell always, it is a loop: unrolled, backward's addresses would spill.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
#pragma unroll 1
#else
#pragma unroll width == 1 ? 1 : 2
#endif
    for (int i = 0; i < 8; i += width) {
      if (d + i >= end) return;
      float values[width] = {};
      if (present && d + i < depth) load<width>(row + d + i, values);
      use(i, values);
    }
  }

  // A warp takes 8 elements each of 32 rows, so that its stores to a line are neighbours. Lines end with the last row's
  // group of 4.
  template <int width>
  __device__ static void load_transposed(const TileRows<float>& from, int depth, int first_depth,
                                         float* shared) {
    const int row = static_cast<int>(threadIdx.x) % tile, d = static_cast<int>(threadIdx.x) / tile * 8;
    if (row >= round_up<4>(from.present)) return;
    load_eight<width>(from.rows + std::int64_t{row} * depth, row < from.present, first_depth + d, depth,
                      depth, [&](int i, const float(&values)[width]) {
#pragma unroll
                        for (int k = 0; k < width; ++k) shared[(d + i + k) * padded + row] = values[k];
                      });
  }

  // 8 neighbouring depths a thread; the last row's group of 4 is whole.
  template <int width>
  __device__ static void load_rows(const TileRows<float>& from, int depth, int first_depth, float* shared) {
    constexpr int threads_per_row = step_depth / 8;
    const int d = static_cast<int>(threadIdx.x) % threads_per_row * 8;
    for (int row = static_cast<int>(threadIdx.x) / threads_per_row; row < from.present;
         row += block_threads / threads_per_row)
      load_eight<width>(
          from.rows + std::int64_t{row} * depth, true, first_depth + d, depth, round_up<4>(depth),
          [&](int i, const float(&values)[width]) { store<width>(values, shared + row * padded + d + i); });
  }

  // sums += the outer product of a line of either side, `lines` times.
  __device__ __forceinline__ static void add_outer_products(const float* owner, const float* streamed,
                                                            int lines, Logits& sums) {
    owner += row(0);
    streamed += column(0);
#pragma unroll 4
    for (int line = 0; line < lines; ++line) {
      float a[rows], b[columns];
      load<rows>(owner + line * padded, a);
      load<columns>(streamed + line * padded, b);
#pragma unroll
      for (int i = 0; i < rows; ++i)
#pragma unroll
        for (int j = 0; j < columns; ++j) sums[i][j] = fmaf(a[i], b[j], sums[i][j]);
    }
  }
};

}  // namespace attune::patch_infonce::cuda
