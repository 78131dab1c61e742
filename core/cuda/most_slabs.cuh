// How many slabs a row grid may cut an image into, for scratch that is planned before the pointers are known.
#pragma once

#include "core/cuda/launch.cuh"
#include "core/cuda/row_grid.cuh"
#include "core/cuda/vector.cuh"

namespace attune::cuda {

// For the width that takes the most, as the alignment decides the width.
inline std::int64_t most_slabs(std::int64_t images, std::int64_t pixels, std::int64_t channels) {
  std::int64_t slabs = 1;
  for (const int width : {1, vector_width<float>, vector_width<bfloat16>})
    slabs = std::max(slabs, plan_row_grid(images, pixels, channels, width, multiprocessor_count()).slabs);
  return slabs;
}

}  // namespace attune::cuda
