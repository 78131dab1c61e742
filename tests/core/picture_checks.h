// What the picture tests share: comparing pictures, and cutting them short.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "core/image.h"
#include "tests/support/errors.h"
#include "tests/support/picture_bytes.h"

namespace attune::test {

template <class T>
bool same(const BasicImage<T>& a, const BasicImage<T>& b) {
  return a.width == b.width && a.height == b.height && a.channels == b.channels && a.pixels == b.pixels;
}

inline bool same(const AnyImage& a, const AnyImage& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&](const auto& image) { return same(image, std::get<std::decay_t<decltype(image)>>(b)); }, a);
}

// The largest difference of two samples; 999 where the shapes differ.
inline int largest_difference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height || a.channels != b.channels) return 999;
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i)
    largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  return largest;
}

inline AnyImage decode(const FileBytes& file) { return decode_image(file.data(), file.size(), "picture"); }
inline Image decode8(const FileBytes& file) { return std::get<Image>(decode(file)); }
inline Image16 decode16(const FileBytes& file) { return std::get<Image16>(decode(file)); }

// A prefix of a picture is an error, unless all that is missing is padding behind the last pixel. Returns how many
// prefixes were taken for the whole picture.
inline int accepted_prefixes(const FileBytes& file) {
  const AnyImage whole = decode(file);
  const ImageSize size = decode_image_size(file.data(), file.size(), "picture");
  int accepted = 0;
  for (std::size_t length = 0; length < file.size(); ++length) {
    INFO("the first " << length << " of " << file.size() << " bytes");
    // Exactly as long as the prefix, so that AddressSanitizer sees a read behind it.
    const FileBytes prefix(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length));
    try {
      const AnyImage image = decode(prefix);
      REQUIRE(same(image, whole));
      ++accepted;
    } catch (const Error& error) {
      REQUIRE(error.kind() == ErrorKind::input);
      REQUIRE(contains(error.what(), "picture: "));
    }
    try {
      const ImageSize early = decode_image_size(prefix.data(), prefix.size(), "picture");
      REQUIRE(early.width == size.width);
      REQUIRE(early.height == size.height);
    } catch (const Error& error) {
      REQUIRE(error.kind() == ErrorKind::input);
    }
  }
  return accepted;
}

}  // namespace attune::test
