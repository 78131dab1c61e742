// attune-demo-data FOLDER: makes a small data set for ./quickstart out of Debian's free photographs (mate-backgrounds):
// pictures with drawn masks, and one composite with known truth in iHarmony4's layout.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/image.h"
#include "tools/data/edit.h"
#include "tools/data/resample.h"

namespace {

using attune::Image;
namespace fs = std::filesystem;

constexpr const char* photographs = "/usr/share/backgrounds/mate/nature";
constexpr std::int64_t longer_side = 640;

// A foreground outline as fractions of width and height.
struct Outline {
  const char* photograph;
  std::vector<std::array<float, 2>> corners;
};

const std::vector<Outline>& outlines() {
  static const std::vector<Outline> all = {
      {"Garden", {{.36f, .57f}, {.37f, .48f}, {.44f, .44f}, {.46f, .30f}, {.52f, .22f}, {.60f, .18f},
                  {.66f, .24f}, {.72f, .17f}, {.80f, .22f}, {.82f, .36f}, {.90f, .40f}, {1.0f, .30f},
                  {1.0f, .85f}, {.93f, .72f}, {.92f, .92f}, {.84f, .98f}, {.72f, .93f}, {.70f, .80f},
                  {.60f, .78f}, {.50f, .82f}, {.44f, .78f}, {.50f, .62f}}},
      {"YellowFlower",
       {{.20f, .52f},
        {.28f, .46f},
        {.40f, .50f},
        {.30f, .28f},
        {.42f, .26f},
        {.36f, .10f},
        {.50f, .14f},
        {.62f, .25f},
        {.66f, .0f},
        {.78f, .0f},
        {.82f, .12f},
        {1.0f, .05f},
        {1.0f, 1.0f},
        {.22f, 1.0f},
        {.22f, .92f},
        {.45f, .78f},
        {.50f, .68f},
        {.30f, .62f}}},
      {"Aqua",
       {{.54f, .52f},
        {.60f, .42f},
        {.72f, .38f},
        {.84f, .45f},
        {.86f, .60f},
        {.80f, .76f},
        {.70f, .84f},
        {.60f, .78f},
        {.55f, .66f}}},
      {"Storm", {{.0f, .62f}, {1.0f, .62f}, {1.0f, 1.0f}, {.0f, 1.0f}}},
      {"Dune",
       {{.0f, .58f},
        {.20f, .50f},
        {.40f, .55f},
        {.60f, .52f},
        {.80f, .50f},
        {1.0f, .45f},
        {1.0f, 1.0f},
        {.0f, 1.0f}}},
      {"RainDrops",
       {{.02f, .95f}, {.18f, .55f}, {.40f, .28f}, {.60f, .18f}, {.78f, .30f}, {.70f, .55f}, {.55f, .98f}}}};
  return all;
}

// 255 inside the polygon, by the even-odd rule.
Image draw_mask(const Outline& outline, std::int64_t width, std::int64_t height) {
  Image mask(width, height, 1);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const float u = (static_cast<float>(x) + 0.5f) / static_cast<float>(width);
      const float v = (static_cast<float>(y) + 0.5f) / static_cast<float>(height);
      bool inside = false;
      for (std::size_t i = 0, j = outline.corners.size() - 1; i < outline.corners.size(); j = i++) {
        const auto &a = outline.corners[i], &b = outline.corners[j];
        if ((a[1] > v) != (b[1] > v) && u < a[0] + (v - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
          inside = !inside;
      }
      mask.row(y)[x] = inside ? 255 : 0;
    }
  return mask;
}

// The photograph with its foreground as if it came from a colder, darker picture.
Image recoloured(const Image& photograph, const Image& mask) {
  using namespace attune::tools;
  Region region;
  std::vector<std::size_t> places;
  for (std::size_t p = 0; p < mask.pixels.size(); ++p) {
    if (mask.pixels[p] == 0) continue;
    const std::uint8_t* rgb = photograph.pixels.data() + 3 * p;
    region.pixels.push_back({static_cast<float>(rgb[0]) / 255.0f, static_cast<float>(rgb[1]) / 255.0f,
                             static_cast<float>(rgb[2]) / 255.0f});
    region.weight.push_back(1);
    region.position.push_back({0.5f, 0.5f});
    places.push_back(p);
  }
  Edit edit;
  edit.mired_shift = -70;
  edit.exposure_stops = -0.8f;
  edit.saturation = 0.75f;
  const Pixels edited = apply_edit(edit, region);
  Image composite = photograph;
  for (std::size_t i = 0; i < places.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c)
      composite.pixels[3 * places[i] + c] =
          static_cast<std::uint8_t>(std::lround(std::clamp(edited[i][c], 0.0f, 1.0f) * 255.0f));
  return composite;
}

void make(const fs::path& folder) {
  for (const char* name : {"photos/images", "photos/masks", "real_images", "masks", "composite_images"})
    attune::ensure_directory(folder / name);
  std::string list;
  for (const Outline& outline : outlines()) {
    const std::string name = outline.photograph;
    const Image photograph =
        attune::tools::shrink(attune::read_image(fs::path(photographs) / (name + ".jpg")), longer_side);
    const Image mask = draw_mask(outline, photograph.width, photograph.height);
    if (list.empty()) {  // the first is shown, and never trained on
      write_image(folder / "real_images" / (name + ".png"), photograph);
      write_image(folder / "masks" / (name + "_1.png"), mask);
      write_image(folder / "composite_images" / (name + "_1_1.png"), recoloured(photograph, mask));
      list = name + "_1_1.png\n";
      continue;
    }
    write_image(folder / "photos/images" / (name + ".png"), photograph);
    write_image(folder / "photos/masks" / (name + ".png"), mask);
  }
  attune::write_file_atomically(folder / "demo.txt", list);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: attune-demo-data FOLDER\n");
    return 2;
  }
  try {
    make(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attune-demo-data: %s\n", error.what());
    return 1;
  }
}
