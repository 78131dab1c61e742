// The sizes at which an op is timed on the CPU beside its network's: from within the first cache to far outside all.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/shape.h"

namespace attune::bench {

// Feature maps whose rows take half of each level's cache, twice the last level and ten times it, one each. `bytes` tells
// what a row of such a map takes. Of those beyond the cache, each image still fits. What would not fit into memory is left
// out, with a note on stderr.
std::vector<Shape> sweep_maps(const std::function<std::int64_t(const Shape& map)>& bytes);

}  // namespace attune::bench
