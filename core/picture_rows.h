// Rows of a caller's picture that an op recolours in their mask: what such ops are told.
#pragma once

#include "core/pixel_rows.h"
#include "core/shape.h"

namespace attune {

// Rows [row_begin, row_end) of a picture of height x width pixels in the context's device's memory: interleaved RGB or RGBA of
// 8 or 16 bits or floats. A caller may hand a picture over in bands.
struct PictureRows {
  enum class MaskType : std::uint8_t { none, u8, f32 };  // none: m = 1; u8: m / 255

  std::int64_t height = 0, width = 0;
  std::int64_t row_begin = 0, row_end = 0;
  Sample sample = Sample::u8;
  int channels = 3;       // 3, or 4 with alpha last
  bool reversed = false;  // blue first; what recolours is red first
  bool linear = false;    // proportional to light; floats only
  // The first sample of row row_begin, and the bytes from a row to the next: multiples of a sample's size.
  // out may be in with the same stride; otherwise they must not overlap.
  const void* in = nullptr;
  std::int64_t in_stride = 0;
  void* out = nullptr;
  std::int64_t out_stride = 0;
  // One value a pixel, from row row_begin on; 1 - m stands in m's place where it is inverted.
  MaskType mask_type = MaskType::none;
  bool inverted = false;  // not with MaskType::none
  const void* mask = nullptr;
  std::int64_t mask_stride = 0;
  float strength = 1;  // 0..1
  // A number in the device's memory, read in the order of the stream; 0 is as strength 0. May be null.
  const std::int32_t* enabled = nullptr;

  // Where `enabled` can be read.
  ATTUNE_HOST_DEVICE float enabled_strength() const { return enabled && *enabled == 0 ? 0 : strength; }
};

// What is added to a sample before it is cut off to a whole number: the largest float below 1/2. With 1/2 itself the largest
// value below 1/2 would round to 1.
inline constexpr float half_to_round = 0x1.fffffep-2f;

// Throws ErrorKind::argument on what the comments forbid. Returns how many samples the rows have.
inline std::int64_t check_picture_rows(const char* op, const PictureRows& rows) {
  require(rows.width >= 0 && rows.height >= 0 && 0 <= rows.row_begin && rows.row_begin <= rows.row_end &&
              rows.row_end <= rows.height,
          ErrorKind::argument, op, ": rows [", rows.row_begin, ", ", rows.row_end, ") of a picture of ",
          rows.width, "x", rows.height);
  require(rows.channels == 3 || rows.channels == 4, ErrorKind::argument, op, ": ", rows.channels,
          " channels, expected 3 or 4");
  require(rows.strength >= 0 && rows.strength <= 1, ErrorKind::argument, op, ": strength is ", rows.strength,
          ", expected 0..1");
  require(!rows.linear || rows.sample == Sample::f32, ErrorKind::argument, op, ": only floats can be linear");
  const std::int64_t samples = Shape{rows.row_end - rows.row_begin, rows.width, rows.channels}.elements();
  if (samples == 0) return 0;
  const std::int64_t sample = bytes_of(rows.sample);
  check_rows(op, "in", {rows.in, rows.in_stride}, sample);
  check_rows(op, "out", {rows.out, rows.out_stride}, sample);
  require(rows.in != rows.out || rows.in_stride == rows.out_stride, ErrorKind::argument, op,
          ": in place with strides ", rows.in_stride, " and ", rows.out_stride);
  require(rows.mask_type != PictureRows::MaskType::none || !rows.inverted, ErrorKind::argument, op,
          ": no mask cannot be inverted");
  if (rows.mask_type != PictureRows::MaskType::none)
    check_rows(op, "mask", {rows.mask, rows.mask_stride},
               rows.mask_type == PictureRows::MaskType::f32 ? 4 : 1);
  return samples;
}

}  // namespace attune
