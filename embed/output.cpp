#include "embed/output.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/blend_output/store_rows.h"

namespace attune {

namespace {

// The picture as if its rows before `band` were not there.
Picture cut_to(const Range& band, Picture picture) {
  picture.image.data = picture.image.row(band.begin);
  picture.mask.data = picture.mask.row(band.begin);
  picture.output = picture.output_row(band.begin);
  return picture;
}

// Of either op, apart from what it recolours with.
template <class Rows>
Rows rows_of(const Picture& band_picture, const Range& band, const Output& output) {
  Rows rows;
  rows.height = band_picture.size.height;
  rows.width = band_picture.size.width;
  rows.row_begin = band.begin;
  rows.row_end = band.end;
  rows.sample = band_picture.sample;
  rows.channels = band_picture.channels;
  rows.reversed = band_picture.reversed;
  rows.linear = band_picture.linear;
  rows.in = band_picture.image.data;
  rows.in_stride = band_picture.image.stride;
  rows.out = band_picture.output;
  rows.out_stride = band_picture.output_stride;
  rows.mask_type =
      band_picture.mask_sample == Sample::f32 ? PictureRows::MaskType::f32 : PictureRows::MaskType::u8;
  rows.inverted = output.inverted;
  rows.mask = band_picture.mask.data;
  rows.mask_stride = band_picture.mask.stride;
  rows.strength = output.strength;
  rows.enabled = output.enabled;
  return rows;
}

void write_band(Context& context, const Picture& band_picture, const Range& band, const Output& output) {
  if (output.head == Head::affine) {
    auto rows = rows_of<color_transform::Rows>(band_picture, band, output);
    rows.transform = output.result;
    color_transform::apply_rows(context, rows, output.scale);
  } else {
    auto rows = rows_of<blend_output::StoredRows>(band_picture, band, output);
    rows.colours = output.result;
    blend_output::store_rows(context, rows);
  }
}

// 4 megapixels take some 10 ms, within which a caller who cancels is heard; linear ones 4 times as long, with the blend head
// 16 times. A GPU is handed all.
std::int64_t band_rows(const Context& context, const Picture& picture, Head head) {
  if (context.device().kind != DeviceKind::cpu) return picture.size.height;
  const int shift = !picture.linear ? 22 : head == Head::affine ? 20 : 18;
  return std::clamp<std::int64_t>((std::int64_t{1} << shift) / picture.size.width, 1, picture.size.height);
}

}  // namespace

void write_output(Context& context, const Picture& picture, const Output& output, Monitor& monitor,
                  double share) {
  const std::int64_t height = picture.size.height, rows = band_rows(context, picture, output.head);
  for (std::int64_t begin = 0; begin < height; begin += rows) {
    const Range band{begin, std::min(begin + rows, height)};
    monitor.ask();
    write_band(context, cut_to(band, picture), band, output);
    monitor.advance(share * static_cast<double>(band.end - band.begin) / static_cast<double>(height));
  }
}

}  // namespace attune
