// The sizes of the CPU's caches.
#pragma once

#include <cstdint>

namespace attune::tools {

// In bytes, as one core sees them: what holds data of the first and the second level, and of the last, which may be the
// second.
struct CacheSizes {
  std::int64_t first = 32 << 10, second = 1 << 20, last = 16 << 20;  // where the system does not tell
};
CacheSizes cache_sizes();

}  // namespace attune::tools
