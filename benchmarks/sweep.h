// The sizes at which an op is timed on the CPU beside its network's: from within the first cache to far outside all.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/shape.h"
#include "tools/machine/caches.h"

namespace attune::bench {

// Half of each level's cache, twice the last level and ten times it: ascending, each once.
std::vector<std::int64_t> sweep_sizes(const tools::CacheSizes& caches);

// A feature map for each of these sizes. `bytes` tells what a row of such a map takes: an op's forward pass in f32, so that all
// its rows are of the same maps; backward takes more than the size and bf16 less. Of those beyond the cache, each image still
// fits. What would not fit into memory is left out, with a note on stderr.
// Without a sweep: convolution and matmul, which arithmetic limits; patch_infonce, which has its own of counts; gather, whose
// bytes are of the few pixels that are drawn.
std::vector<Shape> sweep_maps(const std::function<std::int64_t(const Shape& map)>& bytes);

}  // namespace attune::bench
