#include "benchmarks/sweep.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

namespace attune::bench {

namespace {

constexpr std::int64_t channels = 64;

// As far as the system tells: what is free, but no more than a container or `ulimit -v` allows.
std::int64_t usable_memory() {
  std::int64_t bytes = std::numeric_limits<std::int64_t>::max();
  std::ifstream file("/proc/meminfo");
  for (std::string name, rest; file >> name; std::getline(file, rest))
    if (std::int64_t kibibytes = 0; name == "MemAvailable:" && file >> kibibytes) bytes = kibibytes << 10;
  if (std::int64_t most = 0; std::ifstream("/sys/fs/cgroup/memory.max") >> most)
    bytes = std::min(bytes, most);
  rlimit addresses = {};
  if (getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY)
    bytes = std::min(bytes, static_cast<std::int64_t>(addresses.rlim_cur));
  return bytes;
}

std::vector<std::int64_t> sizes_that_fit() {
  std::vector<std::int64_t> sizes = sweep_sizes(tools::cache_sizes());
  // Beside what a row reads and writes lie the other direction's tensors, as large, and the op's scratch memory.
  const std::int64_t most = usable_memory() / 3;
  while (!sizes.empty() && sizes.back() > most) {
    std::fprintf(stderr, "attune-bench: without rows of %lld MB: they need three times as much memory\n",
                 static_cast<long long>(sizes.back() / 1000000));
    sizes.pop_back();
  }
  return sizes;
}

}  // namespace

std::vector<std::int64_t> sweep_sizes(const tools::CacheSizes& caches) {
  std::vector<std::int64_t> sizes = {caches.first / 2, caches.second / 2, caches.last / 2, 2 * caches.last,
                                     10 * caches.last};
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());  // the last level may be the second
  return sizes;
}

std::vector<Shape> sweep_maps(const std::function<std::int64_t(const Shape& map)>& bytes) {
  static const std::vector<std::int64_t> sizes = sizes_that_fit();
  const std::int64_t most_an_image = tools::cache_sizes().last / 2;
  const Shape sample = {1, 64, 64, channels};
  const double bytes_a_pixel = static_cast<double>(bytes(sample)) / (64 * 64);
  std::vector<Shape> maps;
  for (const std::int64_t size : sizes) {
    const std::int64_t images = std::max<std::int64_t>(1, size / most_an_image);
    const double pixels = static_cast<double>(size) / static_cast<double>(images) / bytes_a_pixel;
    const std::int64_t edge =
        2 * std::max(1L, std::lround(std::sqrt(pixels) / 2));  // even: some ops halve it
    maps.push_back({images, edge, edge, channels});
  }
  return maps;
}

}  // namespace attune::bench
