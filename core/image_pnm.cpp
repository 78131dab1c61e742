// PNM, the binary grey and colour kinds (P5 and P6), 8 and 16 bits. Read here because stb_image neither scales values
// whose maximum is not 255 nor swaps the bytes of 16-bit ones.
#include <algorithm>

#include "core/image_codec.h"

namespace attune::codec {

namespace {

struct Header {
  int channels = 1;
  std::int64_t width = 0, height = 0, maximum = 0;
  std::size_t bytes = 0;
};

bool is_space(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Reads numbers between white space and comments, which begin with # and end with their line.
class Scanner {
 public:
  Scanner(Bytes file, const std::string& name) : file_(file), name_(name) {}

  std::int64_t number() {
    skip_space();
    std::int64_t value = 0;
    int digits = 0;
    for (; at_ < file_.size() && file_[at_] >= '0' && file_[at_] <= '9'; ++at_, ++digits) {
      require(digits < 9, ErrorKind::input, name_, ": a number in the PNM header is too large");
      value = 10 * value + (file_[at_] - '0');
    }
    require(digits > 0 && at_ < file_.size(), ErrorKind::input, name_,
            ": the PNM header is cut short or malformed");
    return value;
  }

  // One white space ends the header: what follows is data.
  std::size_t end() const {
    require(is_space(file_[at_]), ErrorKind::input, name_, ": the PNM header is malformed");
    return at_ + 1;
  }

 private:
  void skip_space() {
    bool comment = false;
    for (; at_ < file_.size() && (comment || is_space(file_[at_]) || file_[at_] == '#'); ++at_)
      comment = file_[at_] == '#' || (comment && file_[at_] != '\n' && file_[at_] != '\r');
  }

  Bytes file_;
  const std::string& name_;
  std::size_t at_ = 2;  // after the magic number
};

Header read_header(Bytes file, const std::string& name) {
  Scanner scanner(file, name);
  Header header;
  header.channels = file[1] == '6' ? 3 : 1;
  header.width = scanner.number();
  header.height = scanner.number();
  header.maximum = scanner.number();
  header.bytes = scanner.end();
  check_dimensions(name, header.width, header.height);
  require(header.maximum > 0 && header.maximum <= 65535, ErrorKind::input, name, ": the PNM maximum is ",
          header.maximum, ", expected 1 to 65535");
  return header;
}

// Samples of sizeof(T) bytes, the high one first, scaled from [0, maximum] to the full range of T.
template <class T>
BasicImage<T> read_samples(const Header& header, const std::uint8_t* data) {
  BasicImage<T> image(header.width, header.height, header.channels);
  constexpr std::int64_t full = static_cast<T>(-1);
  for (T& pixel : image.pixels) {
    std::int64_t value = *data++;
    if constexpr (sizeof(T) == 2) value = value << 8 | *data++;
    pixel = static_cast<T>((std::min(value, header.maximum) * full + header.maximum / 2) / header.maximum);
  }
  return image;
}

}  // namespace

ImageSize pnm_size(Bytes file, const std::string& name) {
  const Header header = read_header(file, name);
  return {header.width, header.height};
}

AnyImage decode_pnm(Bytes file, const std::string& name) {
  const Header header = read_header(file, name);
  const std::int64_t sample_bytes = header.maximum > 255 ? 2 : 1;
  const std::int64_t wanted = header.width * header.height * header.channels * sample_bytes;
  const auto there = static_cast<std::int64_t>(file.size() - header.bytes);
  require(there >= wanted, ErrorKind::input, name, ": is cut short: ", there, " of ", wanted,
          " bytes of pixels");
  const std::uint8_t* data = file.data() + header.bytes;
  if (sample_bytes == 2) return read_samples<std::uint16_t>(header, data);
  return read_samples<std::uint8_t>(header, data);
}

}  // namespace attune::codec
