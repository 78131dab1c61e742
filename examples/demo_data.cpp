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
      {"Garden",
       {{.359f, .537f}, {.366f, .512f}, {.375f, .487f}, {.398f, .472f}, {.422f, .46f},  {.445f, .443f},
        {.466f, .443f}, {.484f, .46f},  {.508f, .48f},  {.539f, .487f}, {.581f, .49f},  {.57f, .47f},
        {.539f, .445f}, {.5f, .405f},   {.469f, .37f},  {.453f, .338f}, {.448f, .315f}, {.461f, .302f},
        {.478f, .3f},   {.487f, .28f},  {.503f, .265f}, {.523f, .268f}, {.547f, .285f}, {.566f, .305f},
        {.569f, .28f},  {.578f, .263f}, {.594f, .265f}, {.606f, .28f},  {.616f, .295f}, {.628f, .287f},
        {.634f, .27f},  {.637f, .237f}, {.653f, .225f}, {.666f, .242f}, {.672f, .265f}, {.675f, .225f},
        {.678f, .195f}, {.692f, .205f}, {.703f, .237f}, {.714f, .28f},  {.723f, .312f}, {.73f, .345f},
        {.736f, .37f},  {.739f, .32f},  {.745f, .295f}, {.753f, .302f}, {.759f, .28f},  {.769f, .26f},
        {.78f, .25f},   {.777f, .205f}, {.791f, .2f},   {.805f, .212f}, {.808f, .25f},  {.823f, .253f},
        {.825f, .287f}, {.823f, .32f},  {.83f, .32f},   {.828f, .362f}, {.825f, .407f}, {.823f, .432f},
        {.844f, .407f}, {.863f, .38f},  {.875f, .37f},  {.898f, .365f}, {.922f, .333f}, {.945f, .31f},
        {.977f, .302f}, {1.0f, .305f},  {1.0f, .88f},   {.988f, .863f}, {.972f, .858f}, {.956f, .825f},
        {.947f, .795f}, {.938f, .77f},  {.923f, .757f}, {.93f, .812f},  {.93f, .85f},   {.919f, .895f},
        {.903f, .925f}, {.875f, .94f},  {.844f, .94f},  {.836f, .963f}, {.812f, .985f}, {.789f, .99f},
        {.766f, .975f}, {.742f, .95f},  {.722f, .912f}, {.72f, .875f},  {.719f, .845f}, {.706f, .812f},
        {.68f, .815f},  {.659f, .795f}, {.653f, .762f}, {.656f, .725f}, {.65f, .69f},   {.633f, .67f},
        {.602f, .713f}, {.578f, .745f}, {.555f, .775f}, {.531f, .8f},   {.511f, .812f}, {.492f, .805f},
        {.469f, .81f},  {.453f, .787f}, {.448f, .75f},  {.456f, .72f},  {.477f, .69f},  {.5f, .677f},
        {.531f, .65f},  {.555f, .618f}, {.57f, .595f},  {.547f, .588f}, {.5f, .59f},    {.453f, .593f},
        {.414f, .595f}, {.398f, .605f}, {.375f, .6f},   {.367f, .595f}, {.359f, .57f}}},
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
