// Real pictures, where they are: every JPEG and mask of the shared data decodes to what its header says.
#include <fstream>

#include "tests/core/picture_checks.h"

using namespace attune;
namespace fs = std::filesystem;

namespace {

const fs::path shared = ATTUNE_SHARED_DATA;

bool skipped() {
  if (fs::is_directory(shared)) return false;
  WARN("skipped: no pictures in " << shared.string());
  return true;
}

std::vector<fs::path> files_in(const fs::path& folder, std::size_t most) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.size() > most) files.resize(most);
  return files;
}

}  // namespace

TEST_CASE("Masks of iHarmony4 in RGB become grey masks of 0 and 255") {
  if (skipped()) return;
  int rgb = 0;
  // The smallest: a mask of 12 megapixels proves no more.
  std::vector<fs::path> masks = files_in(shared / "real_triples" / "masks", 100);
  std::sort(masks.begin(), masks.end(),
            [](const fs::path& a, const fs::path& b) { return fs::file_size(a) < fs::file_size(b); });
  masks.resize(std::min<std::size_t>(masks.size(), 8));
  for (const fs::path& path : masks) {
    INFO(path.string());
    const AnyImage stored = read_any_image(path);
    rgb += std::get<Image>(stored).channels == 3;
    const Image mask = read_image(path, 1);
    const ImageSize size = read_image_size(path);
    CHECK(mask.width == size.width);
    CHECK(mask.height == size.height);
    CHECK(std::count(mask.pixels.begin(), mask.pixels.end(), 0) > 0);
    CHECK(std::count(mask.pixels.begin(), mask.pixels.end(), 255) > 0);
  }
  CHECK(rgb > 0);
}

TEST_CASE("Baseline and progressive photographs decode") {
  if (skipped()) return;
  std::vector<fs::path> photos = files_in(shared / "mini" / "composite_images", 20);
  int progressive = 0;
  for (const auto& entry : fs::recursive_directory_iterator(shared))
    for (const char* name : {"f636_1_1.jpg", "f855_1_1.jpg", "a0196_1_9.jpg"})
      if (entry.path().filename() == name) {
        photos.push_back(entry.path());
        ++progressive;
      }
  CHECK(progressive >= 3);
  for (const fs::path& path : photos) {
    INFO(path.string());
    const Image photo = read_image(path);
    const ImageSize size = read_image_size(path);
    CHECK(photo.width == size.width);
    CHECK(photo.height == size.height);
    CHECK(photo.channels == 3);
    // A decoder that stops early leaves the last rows of one colour.
    const std::uint8_t* last = photo.row(photo.height - 1);
    CHECK(std::adjacent_find(last, last + 3 * photo.width, std::not_equal_to<>()) != last + 3 * photo.width);
  }
}
