#include "benchmarks/sweep.h"

#include <catch2/catch.hpp>

using namespace attune;
using namespace attune::bench;

TEST_CASE("Sizes go from half the first cache to ten times the last, each once") {
  CHECK(sweep_sizes({100, 1000, 5000}) == std::vector<std::int64_t>{50, 500, 2500, 10000, 50000});
  CHECK(sweep_sizes({100, 1000, 1000}) == std::vector<std::int64_t>{50, 500, 2000, 10000});
}

TEST_CASE("Maps take the sizes, and each image fits the last cache") {
  const tools::CacheSizes caches = tools::cache_sizes();
  const std::vector<std::int64_t> sizes = sweep_sizes(caches);
  for (const std::int64_t bytes_a_pixel : {4, 300}) {
    const auto maps = sweep_maps([&](const Shape& map) { return map[0] * map[1] * map[2] * bytes_a_pixel; });
    REQUIRE((!maps.empty() && maps.size() <= sizes.size()));  // fewer where memory is short
    for (std::size_t i = 0; i < maps.size(); ++i) {
      const Shape& map = maps[i];
      INFO(map[0] << " images of " << map[1] << ", " << bytes_a_pixel << " bytes a pixel");
      CHECK((map[1] == map[2] && map[1] % 2 == 0));
      const auto image_bytes = static_cast<double>(map[1] * map[2] * bytes_a_pixel);
      CHECK(image_bytes < 0.6 * static_cast<double>(caches.last));
      // An even edge is up to one pixel off.
      const double off = 2.1 / static_cast<double>(map[1]);
      CHECK(image_bytes * static_cast<double>(map[0]) ==
            Approx(static_cast<double>(sizes[i])).epsilon(off + off * off));
    }
  }
}
