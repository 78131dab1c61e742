// Decoded pictures of a data set, kept in memory while the budget lasts.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "core/image.h"
#include "tools/data/dataset.h"

namespace attune::tools {

// One item, decoded: three pictures of equal size. An empty one (width 0) is not there.
struct Picture {
  Image composite;  // RGB
  Image real;       // RGB
  Image mask;       // grey
  std::int64_t bytes() const;
};

// Reads an item's pictures and shrinks each to `longest` on its longer side. Throws ErrorKind::input where
// one can't be read or their sizes differ.
Picture read_picture(const DataItem& item, std::int64_t longest);

// Every method may be called from any thread. What is returned doesn't depend on what is cached.
//
// Nothing is evicted: where the data set exceeds the budget, training draws pictures uniformly, and then what
// is kept matters less than that it is kept.
class PictureCache {
 public:
  // budget_bytes = 0 caches nothing.
  PictureCache(std::int64_t longest, std::int64_t budget_bytes)
      : longest_(longest), budget_bytes_(budget_bytes) {}

  std::shared_ptr<const Picture> get(const DataItem& item);
  std::int64_t cached_bytes() const;

 private:
  const std::int64_t longest_, budget_bytes_;
  mutable std::mutex mutex_;  // not held while a picture is read: two threads may decode the same one
  std::int64_t cached_bytes_ = 0;
  std::unordered_map<std::string, std::shared_ptr<const Picture>> pictures_;
};

}  // namespace attune::tools
