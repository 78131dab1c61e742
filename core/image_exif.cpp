// EXIF orientation: a TIFF structure inside a JPEG's APP1 segment or a PNG's eXIf chunk.
#include "core/image_codec.h"

#include <algorithm>
#include <string_view>

namespace attune::codec {

namespace {

bool begins_with(Bytes bytes, std::string_view text) {
  return bytes.size() >= text.size() &&
         std::equal(text.begin(), text.end(), bytes.begin(),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

// Big-endian, as JPEG and PNG store their lengths. The caller has checked the bounds.
std::size_t big_endian(Bytes bytes, std::size_t offset, std::size_t count) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[offset + i];
  return value;
}

// Integers of a TIFF structure in its own byte order; what lies outside it is 0.
class Tiff {
 public:
  explicit Tiff(Bytes bytes) : bytes_(bytes), little_(begins_with(bytes, "II")) {}

  std::size_t integer(std::size_t offset, std::size_t count) const {
    if (offset > bytes_.size() || bytes_.size() - offset < count) return 0;
    std::size_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value = value << 8 | bytes_[offset + (little_ ? count - 1 - i : i)];
    return value;
  }

 private:
  Bytes bytes_;
  bool little_;
};

// The orientation in the first directory.
int tiff_orientation(Bytes bytes) {
  constexpr std::size_t entry_bytes = 12, orientation_tag = 0x112, short_type = 3, magic = 42;
  if (!begins_with(bytes, "II") && !begins_with(bytes, "MM")) return 1;
  const Tiff tiff(bytes);
  if (tiff.integer(2, 2) != magic) return 1;
  const std::size_t directory = tiff.integer(4, 4);
  const std::size_t entries = tiff.integer(directory, 2);  // at most 65535
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * entry_bytes;
    if (tiff.integer(entry, 2) != orientation_tag) continue;
    const std::size_t value = tiff.integer(entry + 8, 2);
    const bool valid = tiff.integer(entry + 2, 2) == short_type && tiff.integer(entry + 4, 4) == 1;
    return valid && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace

int jpeg_orientation(Bytes file) {
  constexpr std::uint8_t app1 = 0xe1, start_of_scan = 0xda;
  std::size_t at = 2;  // after the start of the image
  while (at + 4 <= file.size() && file[at] == 0xff) {
    const std::uint8_t marker = file[at + 1];
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const std::size_t length = big_endian(file, at + 2, 2);  // counts itself
    if (marker == start_of_scan || length < 2 || file.size() - at - 2 < length) return 1;
    const Bytes segment = file.subspan(at + 4, length - 2);
    constexpr std::string_view identifier("Exif\0\0", 6);
    if (marker == app1 && begins_with(segment, identifier))
      return tiff_orientation(segment.subspan(identifier.size()));
    at += 2 + length;
  }
  return 1;
}

int png_orientation(Bytes file) {
  constexpr std::size_t frame_bytes = 12;  // length, type and checksum
  std::size_t at = 8;                      // after the signature
  while (at + frame_bytes <= file.size()) {
    const std::size_t length = big_endian(file, at, 4);
    const Bytes type = file.subspan(at + 4, 4);
    // From the picture data on, the size would depend on the rest of the file.
    if (begins_with(type, "IDAT") || file.size() - at - frame_bytes < length) return 1;
    if (begins_with(type, "eXIf")) return tiff_orientation(file.subspan(at + 8, length));
    at += frame_bytes + length;
  }
  return 1;
}

}  // namespace attune::codec
