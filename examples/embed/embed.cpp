// embed IMAGE MASK OUT.png: harmonizes one picture in place with the shipped model, through attune's C++ interface.
#include <attune/harmonizer.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image.h>
#include <stb_image_write.h>

namespace {

struct Free {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

struct Picture {
  int width = 0, height = 0;
  std::unique_ptr<stbi_uc, Free> pixels;

  Picture(const char* path, int channels) {
    int stored = 0;
    pixels.reset(stbi_load(path, &width, &height, &stored, channels));
    if (!pixels) throw std::runtime_error(std::string(path) + ": " + stbi_failure_reason());
  }
};

void harmonize(const char* image_path, const char* mask_path, const char* out_path) {
  const Picture image(image_path, 3), mask(mask_path, 1);
  if (image.width != mask.width || image.height != mask.height)
    throw std::runtime_error("picture and mask are of different sizes");
  attune_picture picture = ATTUNE_PICTURE_INIT;
  picture.width = image.width;
  picture.height = image.height;
  picture.format = ATTUNE_RGB8;
  picture.image = picture.output = image.pixels.get();
  picture.mask = mask.pixels.get();
  attune::api::Harmonizer(attune::api::Model()).run(picture);
  if (!stbi_write_png(out_path, image.width, image.height, 3, image.pixels.get(), 0))
    throw std::runtime_error(std::string(out_path) + ": cannot be written");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) throw std::runtime_error("usage: embed IMAGE MASK OUT.png");
  harmonize(argv[1], argv[2], argv[3]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
