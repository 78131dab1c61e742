// Any bytes are either a picture whose size is what its header says and which survives PNG, or ErrorKind::input.
#include "core/image.h"
#include "tests/fuzz/fuzz_check.h"

using namespace attune;
using namespace attune::fuzz;

namespace {

template <class T>
void check_picture(const BasicImage<T>& image) {
  check(image.width > 0 && image.height > 0 && image.channels >= 1 && image.channels <= 4);
  check(static_cast<std::int64_t>(image.pixels.size()) == image.width * image.height * image.channels);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t small_picture = 1 << 12;
  ImageSize announced;
  const bool has_size = accepts([&] { announced = decode_image_size(data, size, "input"); });
  AnyImage any;
  ImageMetadata metadata;
  const bool is_picture = accepts([&] { any = decode_image(data, size, "input"); });
  check(accepts([&] { decode_image(data, size, "input", &metadata); }) == is_picture);
  color_profile_name(metadata.color_profile);
  if (!is_picture) return 0;
  check(has_size);
  std::visit(
      [&](const auto& image) {
        check_picture(image);
        check(image.width == announced.width && image.height == announced.height);
      },
      any);
  if (const auto* image = std::get_if<Image>(&any);
      image != nullptr && image->pixels.size() <= small_picture) {
    WriteOptions options;
    options.metadata = metadata;
    const std::vector<std::uint8_t> png = encode_png(*image, options);
    check(std::get<Image>(decode_image(png.data(), png.size(), "copy")).pixels == image->pixels);
    for (int channels = 1; channels <= 4; ++channels) check_picture(convert_channels(*image, channels));
  }
  return 0;
}
