#include "tools/harmonize/pictures.h"

#include <algorithm>
#include <cstdio>
#include <type_traits>
#include <utility>

#include "tools/harmonize/paste.h"

namespace attune::tools {

namespace {

namespace fs = std::filesystem;

// Grey pictures become RGB, since colour may be what they lack.
AnyImage as_colour(AnyImage image) {
  return std::visit(
      [](auto pixels) -> AnyImage {
        const int channels = pixels.channels % 2 == 0 ? 4 : 3;
        return convert_channels(std::move(pixels), channels);
      },
      std::move(image));
}

Image in_8_bits(const AnyImage& image) {
  return std::holds_alternative<Image16>(image) ? to_8_bits(std::get<Image16>(image))
                                                : std::get<Image>(image);
}

Image alpha_of(const AnyImage& image, const fs::path& path) {
  const Image pixels = in_8_bits(image);
  require(pixels.channels % 2 == 0, ErrorKind::input, path.string(),
          ": has no alpha channel to take the mask from");
  Image alpha(pixels.width, pixels.height, 1);
  const auto channels = static_cast<std::size_t>(pixels.channels);
  for (std::size_t i = 0; i < alpha.pixels.size(); ++i)
    alpha.pixels[i] = pixels.pixels[channels * i + channels - 1];
  return alpha;
}

// Of the picture's size.
Image read_mask(const fs::path& path, const AnyImage& image, const fs::path& image_path) {
  if (path == alpha_word) return alpha_of(image, image_path);
  Image mask = read_image(path, 1);
  std::visit(
      [&](const auto& pixels) {
        require(mask.width == pixels.width && mask.height == pixels.height, ErrorKind::input, path.string(),
                ": the mask is ", mask.width, "x", mask.height, ", the picture ", image_path.string(), " is ",
                pixels.width, "x", pixels.height);
      },
      image);
  return mask;
}

void tell_of_profile(const fs::path& path, const std::vector<std::uint8_t>& profile) {
  if (profile.empty()) return;
  const std::string name = color_profile_name(profile);
  if (name.find("sRGB") != std::string::npos && name.find("inear") == std::string::npos)
    return;  // "linear sRGB" is not
  std::fprintf(stderr,
               "attune: warning: %s: its colour profile is %s, not sRGB: its colours are taken as sRGB's\n",
               path.c_str(), name.empty() ? "one without a name" : ("\"" + name + "\"").c_str());
}

// The cut-out with `mask` as its alpha.
AnyImage read_cutout(const HarmonizeJob& job) {
  ImageMetadata metadata;
  const AnyImage cutout = read_any_image(job.foreground, &metadata);
  tell_of_profile(job.foreground, metadata.color_profile);
  const Image mask = read_mask(job.mask, cutout, job.foreground);
  return std::visit(
      [&](auto pixels) -> AnyImage {
        pixels = convert_channels(std::move(pixels), 4);
        const auto unit = static_cast<std::uint32_t>(sizeof(pixels.pixels[0]) == 2 ? 257 : 1);
        for (std::size_t i = 0; i < mask.pixels.size(); ++i)
          pixels.pixels[4 * i + 3] =
              static_cast<std::decay_t<decltype(pixels.pixels[0])>>(unit * mask.pixels[i]);
        return pixels;
      },
      cutout);
}

}  // namespace

HarmonizeInput read_input(const HarmonizeJob& job) {
  HarmonizeInput input;
  input.image = read_any_image(job.image, &input.metadata);
  tell_of_profile(job.image, input.metadata.color_profile);
  if (!job.ignored.empty()) {
    input.ignored = read_mask(job.ignored, input.image, job.image);
    if (job.ignored == alpha_word)
      for (std::uint8_t& value : input.ignored.pixels) value = static_cast<std::uint8_t>(255 - value);
  }
  if (job.foreground.empty()) {
    input.mask = read_mask(job.mask, input.image, job.image);
    input.image = as_colour(std::move(input.image));
    return input;
  }
  Pasted pasted = paste(as_colour(std::move(input.image)), read_cutout(job), parse_placement(job.at),
                        job.foreground.string());
  input.image = std::move(pasted.composite);
  input.mask = std::move(pasted.mask);
  return input;
}

void write_output(const HarmonizeJob& job, const HarmonizeInput& harmonized, int jpeg_quality) {
  WriteOptions options;
  options.jpeg_quality = jpeg_quality;
  options.metadata = harmonized.metadata;
  if (is_png_name(job.out))
    return std::visit([&](const auto& pixels) { write_image(job.out, pixels, options); }, harmonized.image);
  const Image pixels = in_8_bits(harmonized.image);
  const bool wide = std::holds_alternative<Image16>(harmonized.image), alpha = pixels.channels == 4;
  if (wide || alpha)
    std::fprintf(stderr, "attune: warning: %s: a JPEG has no %s: a .png would keep %s\n", job.out.c_str(),
                 wide && alpha ? "16 bits and no alpha"
                 : wide        ? "16 bits"
                               : "alpha",
                 wide && alpha ? "both"
                 : wide        ? "them"
                               : "it");
  write_image(job.out, pixels, options);
}

}  // namespace attune::tools
