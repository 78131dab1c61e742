#include "tools/machine/caches.h"

#include <fstream>
#include <string>

namespace attune::tools {

namespace {

template <class Value>
Value read_value(const std::string& path) {
  Value value{};
  std::ifstream(path) >> value;
  return value;
}

}  // namespace

// sysconf tells the last level's sum over a package, ten times as much on some.
CacheSizes cache_sizes() {
  CacheSizes sizes;
  std::int64_t last_level = 0;
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    const auto level = read_value<std::int64_t>(folder + "level");
    const std::int64_t bytes = read_value<std::int64_t>(folder + "size") << 10;  // from "32768K"
    if (bytes == 0 || read_value<std::string>(folder + "type") == "Instruction") continue;
    if (level == 1) sizes.first = bytes;
    if (level == 2) sizes.second = bytes;
    if (level < last_level) continue;
    last_level = level;
    sizes.last = bytes;
  }
  return sizes;
}

}  // namespace attune::tools
