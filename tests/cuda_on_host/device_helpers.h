// What core/cuda computes for a whole block, brought to the host: for its tests, on the host's runtime and on a GPU.
#pragma once

#include <vector>

#include "core/context.h"
#include "core/dtype.h"

namespace attune::test {

// The sum and the maximum of the block's values in each of its threads (block_reduce), one value a thread; the block is
// `layers` threads high and deep.
struct Reduced {
  std::vector<float> sums, doubled, maxima;
};
Reduced reduce_block(Context& context, const std::vector<float>& values, unsigned layers);

// Sums over the rows of a rows x columns block (reduce_rows), twice in the same slots: of the values and of twice them.
std::vector<float> sum_rows(Context& context, const std::vector<float>& values, int rows, int columns);

// `values` rounded to T, doubled in registers and stored again, `width` elements a thread.
template <class T, int width>
std::vector<T> double_vectors(Context& context, const std::vector<float>& values);

// The same by load_run and store_run, three pieces of `width` elements a thread.
template <class T, int width>
std::vector<T> double_runs(Context& context, const std::vector<float>& values);

// The values of a block reversed through dynamic shared memory.
std::vector<float> reverse_in_shared(Context& context, const std::vector<float>& values);

// How often each of `pixels` pixels is visited when `threads` threads share them (walk_pixels).
std::vector<float> count_visits(Context& context, int pixels, int threads);

// How often each item of `lines` lines is visited by a line grid's threads, and each of `items` by a flat grid's.
std::vector<float> count_line_visits(Context& context, int lines, int items);
std::vector<float> count_flat_visits(Context& context, int items);

// `sums` + a b by mma_m16n8k16, of matrices in the order of their rows (a 16 x 16, b 16 x 8), by each of `warps` warps;
// a and b are rounded to bf16.
std::vector<float> multiply_matrices(Context& context, const std::vector<float>& a,
                                     const std::vector<float>& b, const std::vector<float>& sums, int warps);

// The low halves of two registers, then the high halves.
std::vector<float> swap_halves(Context& context, const std::vector<float>& values);

}  // namespace attune::test
