#include "embed/picture.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

namespace attune {

namespace {

constexpr std::int64_t longest_side = std::int64_t{1} << 20;

// As an integer: a C caller's enum may hold any, and reading it as the enum is undefined then.
template <class Enum>
int number_of(const Enum& value, const char* name, int most) {
  std::underlying_type_t<Enum> number;
  std::memcpy(&number, &value, sizeof number);
  require(number <= static_cast<decltype(number)>(most), ErrorKind::argument, name, " is ",
          static_cast<int>(number), ", expected 0 to ", most);
  return static_cast<int>(number);
}

// What each attune_pixel_format is, in its order.
struct Format {
  Sample sample;
  int channels;
  bool reversed;
};
constexpr Format formats[] = {{Sample::u8, 3, false},  {Sample::u8, 4, false}, {Sample::u16, 3, false},
                              {Sample::u16, 4, false}, {Sample::u8, 3, true},  {Sample::u8, 4, true},
                              {Sample::f32, 3, false}, {Sample::f32, 4, false}};

// Fills in the stride 0 and refuses what no row fits in.
std::int64_t checked_stride(std::int64_t stride, std::int64_t row_bytes, const char* name) {
  if (stride == 0) return row_bytes;
  // So that a row's offset fits as well.
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / longest_side;
  require(stride >= -most && stride <= most, ErrorKind::argument, name, "_stride is ", stride,
          ", expected at most ", most, " either way");
  require(stride <= -row_bytes || stride >= row_bytes, ErrorKind::argument, name, "_stride is ", stride,
          ", shorter than a row of ", row_bytes, " bytes");
  return stride;
}

void check_buffers(const Picture& picture) {
  check_rows("picture", "image", picture.image, bytes_of(picture.sample));
  check_rows("picture", "output", {picture.output, picture.output_stride}, bytes_of(picture.sample));
  check_rows("picture", "mask", picture.mask, bytes_of(picture.mask_sample));
  require(picture.image.data != picture.output || picture.image.stride == picture.output_stride,
          ErrorKind::argument, "in place with strides ", picture.image.stride, " and ",
          picture.output_stride);
}

void check_device_memory(const Picture& picture, Device device) {
  require(device.kind == DeviceKind::cuda, ErrorKind::argument,
          "the picture is in device memory, the session on the CPU");
  const auto check = [&](const void* data, const char* name) {
    require(is_reachable(device, data), ErrorKind::argument, name, " is no memory of ", device);
  };
  check(picture.image.data, "image");
  check(picture.mask.data, "mask");
  check(picture.output, "output");
  if (picture.ignored.data) check(picture.ignored.data, "ignored");
}

// What a mask has been found to hold.
struct FoundRegions {
  bool foreground = false, background = false;

  bool both() const { return foreground && background; }
};

// Inverted, what has any mask is background, and what has not all of it is foreground.
template <class Mask>
void add_row(const Mask* mask, const std::uint8_t* ignored, std::int64_t width, Mask full, bool inverted,
             FoundRegions& found) {
  for (std::int64_t x = 0; x < width; ++x) {
    const bool some = mask[x] > 0, not_all = mask[x] < full;
    found.foreground = found.foreground || (inverted ? not_all : some);
    found.background = found.background || ((inverted ? some : not_all) && (!ignored || ignored[x] < 255));
  }
}

void check_values(const float* mask, std::int64_t width, std::int64_t y) {
  for (std::int64_t x = 0; x < width; ++x)
    require(mask[x] >= 0 && mask[x] <= 1, ErrorKind::argument, "the mask's value at (", x, ", ", y, ") is ",
            mask[x], ", expected 0 to 1");
}

// Calls row(y) until it returns false, and asks the monitor every few megapixels.
template <class Row>
void for_rows(const PictureSize& size, const Monitor& monitor, const Row& row) {
  const std::int64_t band = std::max<std::int64_t>(1, (std::int64_t{4} << 20) / size.width);
  for (std::int64_t y = 0; y < size.height; ++y) {
    if (y % band == 0) monitor.ask();
    if (!row(y)) return;
  }
}

// The first rows of most masks show both regions; only a float mask's values are looked at to the end.
template <class Mask>
FoundRegions regions(const Picture& picture, bool inverted, Mask full, const Monitor& monitor) {
  FoundRegions found;
  for_rows(picture.size, monitor, [&](std::int64_t y) {
    const auto* mask = static_cast<const Mask*>(picture.mask.row(y));
    const auto* ignored =
        picture.ignored.data ? static_cast<const std::uint8_t*>(picture.ignored.row(y)) : nullptr;
    if constexpr (std::is_same_v<Mask, float>) check_values(mask, picture.size.width, y);
    if (!found.both()) add_row(mask, ignored, picture.size.width, full, inverted, found);
    return std::is_same_v<Mask, float> || !found.both();
  });
  return found;
}

}  // namespace

Picture checked(const attune_picture& given, Device device) {
  require(given.width > 0 && given.height > 0 && given.width <= longest_side && given.height <= longest_side,
          ErrorKind::argument, "picture is ", given.width, " x ", given.height, ", expected 1 to ",
          longest_side);
  const Format& format = formats[number_of(given.format, "pixel format", ATTUNE_RGBA32F)];
  Picture picture;
  picture.size = {given.height, given.width};
  picture.sample = format.sample;
  picture.channels = format.channels;
  picture.reversed = format.reversed;
  picture.linear = number_of(given.transfer, "transfer", ATTUNE_LINEAR) == ATTUNE_LINEAR;
  require(!picture.linear || picture.sample == Sample::f32, ErrorKind::argument,
          "transfer is ATTUNE_LINEAR, which is for float formats");
  if (number_of(given.mask_format, "mask format", ATTUNE_MASK32F) == ATTUNE_MASK32F)
    picture.mask_sample = Sample::f32;

  const std::int64_t bytes = picture.row_bytes();
  picture.image = {given.image, checked_stride(given.image_stride, bytes, "image")};
  picture.output = given.output;
  picture.output_stride = checked_stride(given.output_stride, bytes, "output");
  picture.mask = {given.mask,
                  checked_stride(given.mask_stride, given.width * bytes_of(picture.mask_sample), "mask")};
  picture.ignored = {given.ignored, checked_stride(given.ignored_stride, given.width, "ignored")};
  check_buffers(picture);
  picture.on_device = number_of(given.memory, "memory", ATTUNE_DEVICE_MEMORY) == ATTUNE_DEVICE_MEMORY;
  if (picture.on_device) check_device_memory(picture, device);
  return picture;
}

attune_mask_kind kind_of_mask(const Picture& picture, bool inverted, const Monitor& monitor) {
  if (picture.on_device) return ATTUNE_MASK_UNKNOWN;
  const FoundRegions found = picture.mask_sample == Sample::f32
                                 ? regions<float>(picture, inverted, 1.0f, monitor)
                                 : regions<std::uint8_t>(picture, inverted, 255, monitor);
  return !found.foreground ? ATTUNE_MASK_EMPTY : !found.background ? ATTUNE_MASK_FULL : ATTUNE_MASK_BOTH;
}

void copy_picture(const Picture& picture, const Monitor& monitor) {
  if (picture.output == picture.image.data) return;
  for_rows(picture.size, monitor, [&](std::int64_t y) {
    std::memcpy(picture.output_row(y), picture.image.row(y), static_cast<std::size_t>(picture.row_bytes()));
    return true;
  });
}

}  // namespace attune
