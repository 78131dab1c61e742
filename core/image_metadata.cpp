// What files say beside the pixels. EXIF: a TIFF structure inside a JPEG's APP1 segment or a PNG's eXIf chunk. Colour
// profiles: in pieces inside a JPEG's APP2 segments (a PNG's is compressed, and read by libpng).
#include <algorithm>
#include <map>
#include <string_view>

#include "core/image_codec.h"

namespace attune::codec {

static bool begins_with(Bytes bytes, std::string_view text) {
  return bytes.size() >= text.size() &&
         std::equal(text.begin(), text.end(), bytes.begin(),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

// Big-endian, as JPEG and PNG store their lengths. The caller has checked the bounds.
static std::size_t big_endian(Bytes bytes, std::size_t offset, std::size_t count) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[offset + i];
  return value;
}

namespace {

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

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

constexpr std::size_t entry_bytes = 12;

// Where the first directory's entries begin, and their number, at most 65535; `nowhere` in what is no TIFF structure.
struct Directory {
  std::size_t begin = nowhere, entries = 0;
};
Directory first_directory(Bytes bytes) {
  constexpr std::size_t magic = 42;
  if (!begins_with(bytes, "II") && !begins_with(bytes, "MM")) return {};
  const Tiff tiff(bytes);
  if (tiff.integer(2, 2) != magic) return {};
  const std::size_t directory = tiff.integer(4, 4);
  return {directory + 2, tiff.integer(directory, 2)};
}

// Where it links to the second one (4 bytes), or `nowhere`.
std::size_t next_directory_offset(Bytes bytes) {
  const Directory directory = first_directory(bytes);
  if (directory.begin == nowhere) return nowhere;
  const std::size_t link = directory.begin + directory.entries * entry_bytes;
  return link > bytes.size() || bytes.size() - link < 4 ? nowhere : link;
}

// Where the first directory holds a valid orientation (2 bytes), or `nowhere`.
std::size_t orientation_offset(Bytes bytes) {
  constexpr std::size_t orientation_tag = 0x112, short_type = 3;
  const Directory directory = first_directory(bytes);
  if (directory.begin == nowhere) return nowhere;
  const Tiff tiff(bytes);
  for (std::size_t i = 0; i < directory.entries; ++i) {
    const std::size_t entry = directory.begin + i * entry_bytes;
    if (tiff.integer(entry, 2) != orientation_tag) continue;
    const std::size_t value = tiff.integer(entry + 8, 2);
    const bool valid = tiff.integer(entry + 2, 2) == short_type && tiff.integer(entry + 4, 4) == 1;
    return valid && value >= 1 && value <= 8 ? entry + 8 : nowhere;
  }
  return nowhere;
}

// Calls use(marker, segment) for each of a JPEG's segments before the first scan, until it returns true.
template <class Use>
void for_each_segment(Bytes file, const Use& use) {
  constexpr std::uint8_t start_of_scan = 0xda;
  std::size_t at = 2;  // after the start of the image
  while (at + 4 <= file.size() && file[at] == 0xff) {
    const std::uint8_t marker = file[at + 1];
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const std::size_t length = big_endian(file, at + 2, 2);  // counts itself
    if (marker == start_of_scan || length < 2 || file.size() - at - 2 < length) return;
    if (use(marker, file.subspan(at + 4, length - 2))) return;
    at += 2 + length;
  }
}

}  // namespace

int exif_orientation(Bytes exif) {
  const std::size_t at = orientation_offset(exif);
  return at == nowhere ? 1 : static_cast<int>(Tiff(exif).integer(at, 2));
}

std::vector<std::uint8_t> upright_exif(Bytes exif) {
  std::vector<std::uint8_t> upright(exif.begin(), exif.end());
  // The second directory is of a thumbnail, of the picture as it was: the link to it is cut.
  if (const std::size_t link = next_directory_offset(exif); link != nowhere)
    std::fill_n(upright.begin() + static_cast<std::ptrdiff_t>(link), 4, std::uint8_t{0});
  const std::size_t at = orientation_offset(exif);
  if (at == nowhere) return upright;
  const bool little = begins_with(exif, "II");
  upright[at] = little ? 1 : 0;
  upright[at + 1] = little ? 0 : 1;
  return upright;
}

Bytes jpeg_exif(Bytes file) {
  constexpr std::uint8_t app1 = 0xe1;
  Bytes exif;
  for_each_segment(file, [&](std::uint8_t marker, Bytes segment) {
    if (marker != app1 || !begins_with(segment, exif_identifier)) return false;
    exif = segment.subspan(exif_identifier.size());
    return true;
  });
  return exif;
}

// A profile of over 64 KiB comes in numbered pieces, which may lie in any order.
std::vector<std::uint8_t> jpeg_profile(Bytes file) {
  constexpr std::uint8_t app2 = 0xe2;
  constexpr std::string_view identifier("ICC_PROFILE\0", 12);
  std::map<int, Bytes> pieces;
  std::size_t count = 0;
  for_each_segment(file, [&](std::uint8_t marker, Bytes segment) {
    if (marker != app2 || !begins_with(segment, identifier) || segment.size() < identifier.size() + 2)
      return false;
    count = segment[identifier.size() + 1];
    pieces[segment[identifier.size()]] = segment.subspan(identifier.size() + 2);
    return false;
  });
  std::vector<std::uint8_t> profile;
  if (count == 0 || pieces.size() != count || pieces.begin()->first != 1 ||
      pieces.rbegin()->first != static_cast<int>(count))
    return profile;
  for (const auto& [number, piece] : pieces) profile.insert(profile.end(), piece.begin(), piece.end());
  return profile;
}

Bytes png_exif(Bytes file) {
  constexpr std::size_t frame_bytes = 12;  // length, type and checksum
  std::size_t at = 8;                      // after the signature
  while (at + frame_bytes <= file.size()) {
    const std::size_t length = big_endian(file, at, 4);
    const Bytes type = file.subspan(at + 4, 4);
    // From the picture data on, the size would depend on the rest of the file.
    if (begins_with(type, "IDAT") || file.size() - at - frame_bytes < length) return {};
    if (begins_with(type, "eXIf")) return file.subspan(at + 8, length);
    at += frame_bytes + length;
  }
  return {};
}

}  // namespace attune::codec

namespace attune {

namespace {

using codec::begins_with;
using codec::big_endian;

// A profile of ICC's specification: a header of 128 bytes, then a table of tags.
constexpr std::size_t header_bytes = 128, colour_space_at = 16;

// The data of a tag; empty where there is none.
codec::Bytes profile_tag(codec::Bytes profile, std::string_view signature) {
  constexpr std::size_t entry_bytes = 12;
  if (profile.size() < header_bytes + 4) return {};
  const std::size_t entries = std::min<std::size_t>(big_endian(profile, header_bytes, 4), 1000);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = header_bytes + 4 + i * entry_bytes;
    if (profile.size() - entry < entry_bytes) return {};
    if (!begins_with(profile.subspan(entry), signature)) continue;
    const std::size_t offset = big_endian(profile, entry + 4, 4), bytes = big_endian(profile, entry + 8, 4);
    if (offset > profile.size() || profile.size() - offset < bytes) return {};
    return profile.subspan(offset, bytes);
  }
  return {};
}

// Printable ASCII of big-endian characters of `width` bytes.
std::string plain_text(codec::Bytes text, std::size_t width) {
  std::string plain;
  for (std::size_t at = 0; at + width <= text.size(); at += width) {
    const std::size_t character = big_endian(text, at, width);
    if (character == 0) break;
    plain += character >= ' ' && character < 127 ? static_cast<char>(character) : '?';
  }
  return plain;
}

}  // namespace

std::string color_profile_name(const std::vector<std::uint8_t>& profile) {
  const codec::Bytes tag = profile_tag(profile, "desc");
  // Version 2: a length, then ASCII.
  if (begins_with(tag, "desc") && tag.size() > 12)
    return plain_text(tag.subspan(12, std::min(big_endian(tag, 8, 4), tag.size() - 12)), 1);
  // Version 4: records of 12 bytes, each a language's length and offset of UTF-16; the first will do.
  constexpr std::size_t first_record = 16;
  if (!begins_with(tag, "mluc") || tag.size() < first_record + 12) return "";
  const std::size_t bytes = big_endian(tag, first_record + 4, 4),
                    offset = big_endian(tag, first_record + 8, 4);
  if (offset > tag.size() || tag.size() - offset < bytes) return "";
  return plain_text(tag.subspan(offset, bytes), 2);
}

bool codec::fits_channels(const std::vector<std::uint8_t>& profile, int channels) {
  const codec::Bytes bytes = profile;
  return bytes.size() > header_bytes &&
         begins_with(bytes.subspan(colour_space_at), channels <= 2 ? "GRAY" : "RGB ");
}

}  // namespace attune
