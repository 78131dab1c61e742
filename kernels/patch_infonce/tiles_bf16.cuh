// Tiles of bf16 rows on tensor cores: 8 warps, 16 owner rows x 32 streamed rows (for the gradients: 32 depths) each. Rows
// lie in shared memory as they are, two elements a word, and a padding of 4 words spreads the lanes of a load over all
// banks. Weights are rounded to bf16; all sums are f32.
#pragma once

#include "core/cuda/mma.cuh"
#include "kernels/patch_infonce/tiles.cuh"

namespace attune::patch_infonce::cuda {

template <>
struct Tiles<bfloat16> {
  using Element = bfloat16;
  static constexpr int owners = tile, streamed = tile;
  static constexpr int rows = 2, columns = 8, lanes = 4, parts = 2;
  // 32 sums a thread; with 64, which would compute the logits of 256 depths once, 128 registers spill.
  static constexpr int steps = 2, slice = steps * step_depth;

  __device__ static int row(int i) { return first_row() + lane() / 4 + 8 * i; }
  __device__ static int column(int j) { return 32 * part() + j / 2 * 8 + lane() % 4 * 2 + j % 2; }
  __device__ static int part() { return static_cast<int>(threadIdx.x) / (block_threads / parts); }
  __device__ static constexpr bool all_count(int) { return false; }
  __device__ static int depth(int step, int j) {
    return step * step_depth + 32 * part() + j / 4 * 16 + lane() % 4 * 4 + j % 4;
  }

  static constexpr int row_words = 32, padded = row_words + 4;  // 64 elements
  using Words = std::uint32_t[tile * padded];

  using Logits = float[rows][columns];
  using Sums = float[steps][rows][columns];
  struct Weights {
    alignas(16) Words words;  // element (owner row, streamed row)
  };
  struct Shared {
    alignas(16) Words owner;
    alignas(16) Words streamed;
  };

  // Ends with the shared memory free.
  template <int width>
  __device__ static void dot(const TileRows<bfloat16>& owner, const TileRows<bfloat16>& streamed, int depth,
                             Shared& shared, Logits& logits) {
    float sums[columns / 2][4] = {};
    for (int first = 0; first < depth; first += step_depth) {
      load_rows<width>(owner, depth, first, shared.owner);
      load_rows<width>(streamed, depth, first, shared.streamed);
      __syncthreads();
      const int last = first_row() < owner.present ? min(depth - first, step_depth) : 0;
#pragma unroll 1
      for (int k = 0; k < last; k += 16) {
        std::uint32_t a[4];
        load_left(shared.owner, k, a);
#pragma unroll
        for (int block = 0; block < columns / 2; ++block) {
          if (column_block(block) >= streamed.present) break;
          const std::uint32_t* p =
              shared.streamed + (column_block(block) + lane() / 4) * padded + k / 2 + lane() % 4;
          const std::uint32_t b[2] = {p[0], p[4]};
          mma_m16n8k16(a, b, sums[block]);
        }
      }
      __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < rows; ++i)
#pragma unroll
      for (int j = 0; j < columns; ++j) logits[i][j] = sums[j / 2][2 * i + j % 2];
  }

  __device__ static void store_weights(const Logits& values, Weights& weights) {
#pragma unroll
    for (int i = 0; i < rows; ++i)
#pragma unroll
      for (int j = 0; j < columns; j += 2)
        weights.words[row(i) * padded + column(j) / 2] = bf16_pair(values[i][j], values[i][j + 1]);
  }

  // For the slice from `first_depth` on. A lane reads two neighbouring depths of a streamed row at once: the even ones make
  // one product's right side, the odd ones another's, so that its sums are 4 neighbours.
  template <int width>
  __device__ static void add_weighted_rows(const Weights& weights, int owners,
                                           const TileRows<bfloat16>& streamed, int depth, int first_depth,
                                           Shared& shared, Sums& sums) {
#pragma unroll
    for (int step = 0; step < steps; ++step) {
      const int first = first_depth + step * step_depth;
      if (first >= depth) break;
      load_rows<width>(streamed, depth, first, shared.streamed);
      __syncthreads();
#pragma unroll 1
      for (int k = 0; k < streamed.present && first_row() < owners; k += 16) {
        std::uint32_t a[4];
        load_left(weights.words, k, a);
#pragma unroll
        for (int run = 0; run < columns; run += 4) {
          const int word = 16 * part() + run / 4 * 8;
          if (first + 2 * word >= depth) break;
          add_run(a, shared.streamed + (k + lane() % 4 * 2) * padded + word + lane() / 4, run, sums[step]);
        }
      }
      __syncthreads();
    }
  }

 private:
  __device__ static int lane() { return lane_of_thread(); }
  // Of the warp's 16 owner rows, and of a product's 8 streamed rows.
  __device__ static int first_row() {
    return static_cast<int>(threadIdx.x) % (block_threads / parts) / warp_size * 16;
  }
  __device__ static int column_block(int block) { return 32 * part() + 8 * block; }

  __device__ __forceinline__ static void load_left(const std::uint32_t* words, int k, std::uint32_t (&a)[4]) {
    const std::uint32_t* p = words + row(0) * padded + k / 2 + lane() % 4;
    a[0] = p[0];
    a[1] = p[8 * padded];
    a[2] = p[4];
    a[3] = p[8 * padded + 4];
  }

  // Columns run .. run + 3 of the sums. `p` is the lane's word of the product's row 2t.
  __device__ __forceinline__ static void add_run(const std::uint32_t (&a)[4], const std::uint32_t* p, int run,
                                                 float (&sums)[rows][columns]) {
    const std::uint32_t w[4] = {p[0], p[padded], p[8 * padded], p[9 * padded]};
    const std::uint32_t even[2] = {low_halves(w[0], w[1]), low_halves(w[2], w[3])},
                        odd[2] = {high_halves(w[0], w[1]), high_halves(w[2], w[3])};
    float of_even[4], of_odd[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      of_even[i] = sums[i / 2][run + i % 2 * 2];
      of_odd[i] = sums[i / 2][run + i % 2 * 2 + 1];
    }
    mma_m16n8k16(a, even, of_even);
    mma_m16n8k16(a, odd, of_odd);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      sums[i / 2][run + i % 2 * 2] = of_even[i];
      sums[i / 2][run + i % 2 * 2 + 1] = of_odd[i];
    }
  }

  // 64 depths of all rows, 8 neighbours a thread; rows and depths are filled up with zeros to whole products.
  template <int width>
  __device__ static void load_rows(const TileRows<bfloat16>& from, int depth, int first_depth,
                                   std::uint32_t* shared) {
    constexpr int threads_per_row = step_depth / 8;
    const int d = static_cast<int>(threadIdx.x) % threads_per_row * 8;
    if (first_depth + d >= round_up<16>(depth)) return;
#pragma unroll 1
    for (int row = static_cast<int>(threadIdx.x) / threads_per_row; row < round_up<16>(from.present);
         row += block_threads / threads_per_row) {
      Packed<bfloat16, 8> values = {};
      const bfloat16* p = from.rows + std::int64_t{row} * depth + first_depth + d;
      const int count = row < from.present ? depth - first_depth - d : 0;
      if constexpr (width == 8) {
        if (count > 0) values = load_packed<8>(p);
      } else {
#pragma unroll
        for (int i = 0; i < 8; ++i)
          if (i < count) values.element[i] = p[i];
      }
      Packed<std::uint32_t, 4> words;
      std::memcpy(&words, &values, sizeof words);
      *reinterpret_cast<Packed<std::uint32_t, 4>*>(shared + row * padded + d / 2) = words;
    }
  }
};

}  // namespace attune::patch_infonce::cuda
