// What core/cuda computes for a whole block, brought to the host: for its tests, on the host's runtime and on a GPU.
#pragma once

#include <vector>

#include "core/context.h"
#include "core/dtype.h"

namespace attune::test {

// The sum and the maximum of the block's values in each of its threads (block_reduce), one value a thread.
struct Reduced {
  std::vector<float> sums, doubled, maxima;
};
Reduced reduce_block(Context& context, const std::vector<float>& values);

// Sums over the rows of a rows x columns block (reduce_rows), twice in the same slots: of the values and of twice them.
std::vector<float> sum_rows(Context& context, const std::vector<float>& values, int rows, int columns);

// `values` rounded to T, doubled in registers and stored again, `width` elements a thread.
template <class T, int width>
std::vector<T> double_vectors(Context& context, const std::vector<float>& values);

// The values of a block reversed through dynamic shared memory.
std::vector<float> reverse_in_shared(Context& context, const std::vector<float>& values);

// How often each of `pixels` pixels is visited when `threads` threads share them (walk_pixels).
std::vector<float> count_visits(Context& context, int pixels, int threads);

}  // namespace attune::test
