// Tiles of aligned bf16 rows of some depths. A warp holds its owner rows in registers, as left sides of products;
// the block's warps share a tile of streamed rows in shared memory, whose place the one after the next takes as soon as all
// have read it. Two blocks share a multiprocessor: one works with its logits while the other multiplies.
#pragma once

#include "core/cuda/copy_async.cuh"
#include "core/cuda/mma.cuh"
#include "core/parallel.h"
#include "kernels/patch_infonce/tiles.cuh"

namespace attune::patch_infonce::cuda {

// What is known of an image's rows, from the first on. All but `inverse` are of anchors only, `positive` (an index) of indexed
// mode's; null elsewhere.
struct RowValues {
  const float *inverse = nullptr, *log_sum = nullptr, *miss = nullptr;
  const std::int32_t* positive = nullptr;
};
// The same of some rows, in shared memory.
template <int count>
struct HeldValues {
  float inverse[count], log_sum[count], miss[count];
  std::int32_t positive[count];
};

// `blocks` of 16 owner rows a warp; products of 16 streamed rows, a chunk, at a time.
template <int depth, int blocks>
struct HeldRows {
  static constexpr int chunk = 16;
  using Element = bfloat16;
  static constexpr int threads = 128, multiprocessor_blocks = 2;
  static constexpr int owners = threads / warp_size * 16 * blocks, streamed = 32;
  // Of a thread's logits, as tiles.cuh has them.
  static constexpr int rows = 2 * blocks, columns = 4, lanes = 4, parts = 1;
  using Logits = float[rows][columns];

  __device__ static int row(int i) { return first_row() + i / 2 * 16 + lane_of_thread() / 4 + i % 2 * 8; }
  __device__ static int column(int j) { return j / 2 * 8 + lane_of_thread() % 4 * 2 + j % 2; }
  __device__ static int part() { return 0; }
  __device__ static bool all_count(int present) { return present >= chunk; }

  // Padded rows: 8 neighbours, which a load takes 16 bytes of each, lie in all banks.
  static constexpr int padded = depth / 2 + 4;
  using Tile = std::uint32_t[streamed * padded];
  struct Shared {
    alignas(16) Tile tile[2];
    HeldValues<streamed> values[2];
    // Backward's, which has no registers for them: what is known of the owners, and where their gradients go.
    HeldValues<owners> of_owners;
    float* gradients;
  };
  // A tile of streamed rows, of which `present` exist, from the image's row `first` on. Values are 0 of those that do not
  // exist, and not there where RowValues has none.
  struct Streamed {
    const HeldValues<streamed>& values;
    int first, present;
  };

  static constexpr int steps = depth / 16;
  using Held = std::uint32_t[blocks][steps][4];

  // Rows that don't exist become zeros.
  __device__ static void hold(const TileRows<bfloat16>& owner, Held& held) {
#pragma unroll
    for (int block = 0; block < blocks; ++block)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int at = row(2 * block + half);
        const auto* words = reinterpret_cast<const std::uint32_t*>(owner.rows + std::int64_t{at} * depth) +
                            lane_of_thread() % 4;
#pragma unroll
        for (int step = 0; step < steps; ++step) {
          held[block][step][half] = at < owner.present ? words[8 * step] : 0;
          held[block][step][half + 2] = at < owner.present ? words[8 * step + 4] : 0;
        }
      }
  }

  // <owner row, streamed row> for the chunk of a tile that begins with row `first`. With 2 chains alternate steps add up apart,
  // so that more products are under way while a sum waits for the one before.
  template <int chains>
  __device__ static void dot(const Held& held, const Tile& words, int first, Logits& logits) {
    float sums[chains][blocks][2][4] = {};
    // Matrices of a load: rows 0-7 and depths 0-7, rows 0-7 and depths 8-15, the same of rows 8-15.
    const int lane = lane_of_thread(), tile_row = first + lane / 16 * 8 + lane % 8;
    const std::uint32_t* const p = words + tile_row * padded + lane / 8 % 2 * 4;
#pragma unroll
    for (int step = 0; step < steps; ++step) {
      std::uint32_t b[4];
      load_matrices<false>(p + step * 8, b);
      const std::uint32_t left[2] = {b[0], b[1]}, right[2] = {b[2], b[3]};
#pragma unroll
      for (int block = 0; block < blocks; ++block) {
        mma_m16n8k16(held[block][step], left, sums[step % chains][block][0]);
        mma_m16n8k16(held[block][step], right, sums[step % chains][block][1]);
      }
    }
#pragma unroll
    for (int i = 0; i < rows; ++i)
#pragma unroll
      for (int j = 0; j < columns; ++j) {
        logits[i][j] = sums[0][i / 2][j / 2][i % 2 * 2 + j % 2];
        if (chains == 2) logits[i][j] += sums[chains - 1][i / 2][j / 2][i % 2 * 2 + j % 2];
      }
  }

  // The gradients of a thread: owner rows row(i), depths 8 n + 2 t and the one behind, for one block of owner rows.
  using Sums = float[depth / 8][4];

  // sums += weights x streamed rows, for a chunk of 16 whose products a thread's weights took the place of: what the
  // tensor cores gave as a sum they take as a left side.
  __device__ static void add_weighted_rows(const Logits& weights, const Tile& words, int first, Sums& sums) {
    static_assert(blocks == 1);
    const std::uint32_t a[4] = {
        bf16_pair(weights[0][0], weights[0][1]), bf16_pair(weights[1][0], weights[1][1]),
        bf16_pair(weights[0][2], weights[0][3]), bf16_pair(weights[1][2], weights[1][3])};
    // Matrices of a load: rows 0-7 and depths 0-7, rows 8-15 and depths 0-7, the same of depths 8-15.
    const int lane = lane_of_thread(), tile_row = first + lane / 8 % 2 * 8 + lane % 8;
    const std::uint32_t* const p = words + tile_row * padded + lane / 16 * 4;
#pragma unroll
    for (int step = 0; step < steps; ++step) {
      std::uint32_t b[4];
      load_matrices<true>(p + step * 8, b);
      const std::uint32_t left[2] = {b[0], b[1]}, right[2] = {b[2], b[3]};
      mma_m16n8k16(a, left, sums[2 * step]);
      mma_m16n8k16(a, right, sums[2 * step + 1]);
    }
  }

  __device__ static void store(const Sums& sums, int owners_present, float* out) {
#pragma unroll
    for (int n = 0; n < depth / 8; ++n)
#pragma unroll
      for (int i = 0; i < rows; ++i) {
        const float pair[2] = {sums[n][2 * i], sums[n][2 * i + 1]};
        if (row(i) < owners_present)
          attune::cuda::store<2>(pair, out + std::int64_t{row(i)} * depth + 8 * n + lane_of_thread() % 4 * 2);
      }
  }

  // read(Streamed, tile) for the tiles of a run in turn.
  template <class Read>
  __device__ static void for_each_tile(const RowSet<bfloat16>& set, const RowValues& known,
                                       std::int64_t image, int counted, Range run, Shared& shared,
                                       const Read& read) {
    const bfloat16* const rows = set.rows + image * set.capacity * depth;
    // A warp copies one of the four.
    static_assert(streamed == warp_size && threads == 4 * warp_size);
    const int which = static_cast<int>(threadIdx.x) / warp_size;
    const void* const values = which == 0   ? static_cast<const void*>(known.inverse)
                               : which == 1 ? known.log_sum
                               : which == 2 ? known.miss
                                            : static_cast<const void*>(known.positive);
    const int begin = static_cast<int>(run.begin), end = static_cast<int>(run.end);
    const auto begin_copy = [&](int t) {
      if (t < end) {
        const int first = t * streamed, present = min(counted - first, streamed);
        copy(rows + std::int64_t{first} * depth, present, shared.tile[t % 2]);
        const int at = lane_of_thread();
        if (values)  // the four lie behind one another, as the warps do
          copy_async<4>(reinterpret_cast<float*>(&shared.values[t % 2]) + threadIdx.x,
                        static_cast<const float*>(values) + first + (at < present ? at : 0), at < present);
      }
      close_copies();
    };
    begin_copy(begin);
    begin_copy(begin + 1);
    for (int t = begin; t < end; ++t) {
      await_copies<1>();
      __syncthreads();  // all threads' copies of tile t are there
      read(Streamed{shared.values[t % 2], t * streamed, min(counted - t * streamed, streamed)},
           shared.tile[t % 2]);
      __syncthreads();  // all have read tile t
      begin_copy(t + 2);
    }
  }

 private:
  __device__ static int first_row() { return static_cast<int>(threadIdx.x) / warp_size * 16 * blocks; }

  // A thread copies the same 16 bytes of several rows. Of a whole tile they lie at constant distances.
  __device__ static void copy(const bfloat16* from, int present, std::uint32_t* words) {
    constexpr int pieces = depth / 8, rows_at_once = threads / pieces;
    const int first = static_cast<int>(threadIdx.x) / pieces, piece = static_cast<int>(threadIdx.x) % pieces;
    from += piece * 8;
    words += first * padded + piece * 4;
    if (present == streamed) {
      from += first * depth;
#pragma unroll
      for (int row = 0; row < streamed; row += rows_at_once)
        copy_async<16>(words + row * padded, from + row * depth, true);
    } else {
#pragma unroll 1
      for (int row = 0; row < streamed; row += rows_at_once) {
        const bool exists = first + row < present;
        copy_async<16>(words + row * padded, from + (exists ? (first + row) * depth : 0), exists);
      }
    }
  }
};

}  // namespace attune::patch_infonce::cuda
