#include "tools/data/picture_cache.h"

#include "core/error.h"
#include "tools/data/resample.h"

namespace attune::tools {

namespace {

std::int64_t bytes_of(const Image& image) { return static_cast<std::int64_t>(image.pixels.size()); }

void require_equal_size(const std::filesystem::path& path, const Image& image, const DataItem& item,
                        const Image& real) {
  require(image.width == real.width && image.height == real.height, ErrorKind::input, path.string(), " is ",
          image.width, "x", image.height, ", but ", item.real.string(), " is ", real.width, "x", real.height);
}

// A picture under its composite's, else its photograph's path: a photograph has one mask in a photos source.
std::string key_of(const DataItem& item) {
  return (item.composite.empty() ? item.real : item.composite).string();
}

}  // namespace

std::int64_t Picture::bytes() const { return bytes_of(composite) + bytes_of(real) + bytes_of(mask); }

Picture read_picture(const DataItem& item, std::int64_t longest) {
  Picture picture;
  picture.real = read_image(item.real, 3);
  if (!item.composite.empty()) {
    picture.composite = read_image(item.composite, 3);
    require_equal_size(item.composite, picture.composite, item, picture.real);
    picture.composite = shrink(std::move(picture.composite), longest);
  }
  if (!item.mask.empty()) {
    picture.mask = read_image(item.mask, 1);
    require_equal_size(item.mask, picture.mask, item, picture.real);
    picture.mask = shrink(std::move(picture.mask), longest);
  }
  picture.real = shrink(std::move(picture.real), longest);
  return picture;
}

std::shared_ptr<const Picture> PictureCache::get(const DataItem& item) {
  const std::string key = key_of(item);
  {
    const std::lock_guard lock(mutex_);
    const auto found = pictures_.find(key);
    if (found != pictures_.end()) return found->second;
  }
  auto picture = std::make_shared<const Picture>(read_picture(item, longest_));
  const std::lock_guard lock(mutex_);
  if (picture->bytes() <= budget_bytes_ - cached_bytes_ && pictures_.emplace(key, picture).second) {
    cached_bytes_ += picture->bytes();
  }
  return picture;
}

std::int64_t PictureCache::cached_bytes() const {
  const std::lock_guard lock(mutex_);
  return cached_bytes_;
}

}  // namespace attune::tools
