// Packed pictures in every form that ops which recolour rows take, and the comparison of such an op on any device with the
// reference: of color_transform::apply_rows, or of another Op with
//
//     Op::run(context, rows, picture)                        on rows whose arrays lie on the context's device
//     Op::exact(picture, rows, row, column, channel)         a sample before it is rounded
#pragma once

#include <optional>
#include <random>

#include "kernels/color_transform/color_transform.h"
#include "tests/reference/color_transform_reference.h"
#include "tests/support/device_bytes.h"
#include "tests/support/inputs.h"
#include "tests/support/op_checks.h"

namespace attune::test {

using color_transform::Rows;
using MaskType = Rows::MaskType;

struct RowsCase {
  std::string name;
  std::int64_t height, width, h, w;
  float scale;
  int channels;
  MaskType mask;
  DType dtype = DType::f32;
  float strength = 1;
  std::int64_t gap = 0;  // samples, and mask elements, between the rows
  bool inverted = false, reversed = false;
  bool linear = false;  // where samples are floats
  std::optional<std::int32_t> enabled = {};
};

inline std::vector<RowsCase> rows_cases() {
  return {
      {"one_pixel", 1, 1, 1, 1, 0.5f, 3, MaskType::none},
      {"narrow", 7, 13, 4, 7, 0.5f, 4, MaskType::u8, DType::bf16, 1, 3},
      {"vector_and_tail", 5, 33, 2, 3, 0.06f, 3, MaskType::f32, DType::f32, 0.5f, 1},
      {"coarse", 31, 257, 3, 5, 0.015f, 3, MaskType::u8, DType::f32, 1, 0},
      {"alpha", 9, 64, 3, 5, 0.07f, 4, MaskType::none, DType::bf16, 0.25f, 4},
      {"finer_cells", 6, 37, 20, 120, 3.1f, 4, MaskType::f32, DType::f32, 1, 5},
      {"strength_and_bytes", 6, 50, 2, 3, 0.06f, 4, MaskType::u8, DType::f32, 0.7f, 2},
      {"strength_0", 3, 40, 2, 2, 0.05f, 3, MaskType::u8, DType::f32, 0},
      {"inverted_bytes", 6, 50, 2, 3, 0.06f, 4, MaskType::u8, DType::f32, 0.7f, 2, true},
      {"inverted_floats", 5, 71, 2, 3, 0.05f, 3, MaskType::f32, DType::bf16, 1, 1, true},
      {"aligned", 7, 72, 4, 37, 0.5f, 3, MaskType::u8, DType::f32, 1, 4},
      {"aligned_inverted", 6, 136, 4, 9, 0.06f, 4, MaskType::f32, DType::bf16, 0.6f, 4, true},
      {"reversed", 5, 70, 3, 5, 0.07f, 3, MaskType::u8, DType::f32, 1, 2, false, true},
      {"reversed_linear", 5, 64, 3, 5, 0.07f, 4, MaskType::f32, DType::bf16, 0.8f, 0, false, true, true},
      {"linear", 6, 41, 3, 5, 0.07f, 3, MaskType::u8, DType::f32, 1, 1, true, false, true},
      {"enabled", 5, 33, 2, 3, 0.06f, 3, MaskType::f32, DType::f32, 1, 1, false, false, false, 7},
      {"disabled", 5, 33, 2, 3, 0.06f, 4, MaskType::none, DType::f32, 1, 1, false, false, true, 0},
  };
}

// A picture with samples of type S, its mask and a transform.
template <class S>
struct PackedPicture {
  std::vector<S> in, out;
  std::vector<std::uint8_t> mask8;
  std::vector<float> mask32;
  TestTensor transform;
  RowsCase c;

  PackedPicture(const RowsCase& c_, std::uint64_t seed) : transform({c_.h, c_.w, 12}, c_.dtype), c(c_) {
    std::mt19937 generator(static_cast<std::mt19937::result_type>(seed));
    in.resize(static_cast<std::size_t>(c.height * row_samples()));
    for (S& v : in) v = sample(generator());
    out.assign(in.size(), S(0x5a));
    const std::vector<double> mask = make_mask(Mask::soft, 1, c.height * (c.width + c.gap), seed);
    for (std::size_t i = 0; i < mask.size(); ++i) {
      // Whole vectors without mask must occur, too.
      const double m = i / 40 % 3 == 1 ? (c.inverted ? 1 : 0) : mask[i];
      mask8.push_back(static_cast<std::uint8_t>(std::round(255 * m)));
      mask32.push_back(static_cast<float>(m));
    }
    std::vector<double> values = make_values(Values::random, transform.shape().elements(), seed);
    for (double& v : values) v *= 0.3;
    transform.set(values);
  }

  // Floats from -0.3 to 1.3: a sixth of them outside of black and white on either side.
  static S sample(std::uint_fast32_t random) {
    if constexpr (std::is_same_v<S, float>)
      return static_cast<float>(random) * (1.6f / 4294967296.0f) - 0.3f;
    else
      return static_cast<S>(random);
  }

  std::int64_t row_samples() const { return c.width * c.channels + c.gap; }
  color_transform::Options options() const { return {c.scale, c.scale}; }

  Rows rows(std::int64_t begin, std::int64_t end, const std::vector<S>& from, std::vector<S>& to) const {
    Rows a;
    a.transform = transform.view();
    a.height = c.height, a.width = c.width, a.row_begin = begin, a.row_end = end;
    a.sample = sizeof(S) == 1 ? Sample::u8 : sizeof(S) == 2 ? Sample::u16 : Sample::f32;
    a.channels = c.channels;
    a.reversed = c.reversed;
    a.linear = c.linear && a.sample == Sample::f32;
    a.in = from.data() + begin * row_samples(), a.out = to.data() + begin * row_samples();
    a.in_stride = a.out_stride = row_samples() * static_cast<std::int64_t>(sizeof(S));
    a.mask_type = c.mask;
    const std::int64_t mask_row = c.width + c.gap;
    if (c.mask == MaskType::u8) a.mask = mask8.data() + begin * mask_row, a.mask_stride = mask_row;
    if (c.mask == MaskType::f32) a.mask = mask32.data() + begin * mask_row, a.mask_stride = 4 * mask_row;
    a.strength = c.strength;
    a.inverted = c.inverted;
    if (c.enabled) a.enabled = &*c.enabled;
    return a;
  }
};

// A picture's copies in a device's memory.
template <class S>
class PictureOnDevice {
 public:
  PictureOnDevice(const PackedPicture<S>& picture, Device device)
      : picture_(picture),
        transform_(bytes_on(device, picture.transform.bytes())),
        in_(bytes_on(device, picture.in)),
        out_(bytes_on(device, picture.out)),
        mask_(picture.c.mask == MaskType::f32 ? bytes_on(device, picture.mask32)
                                              : bytes_on(device, picture.mask8)),
        enabled_(bytes_on(device, std::vector<std::int32_t>{picture.c.enabled.value_or(0)})) {}

  // Of the rows [begin, end); the result of all.
  template <class Op>
  void apply(Context& context, std::int64_t begin, std::int64_t end, bool in_place = false) {
    std::vector<S> in = picture_.in, out = picture_.out;
    Rows a = picture_.rows(begin, end, in, out);
    a.transform.data = transform_.view().data;
    a.transform.device = context.device();
    a.in = first_of(in_) + begin * a.in_stride;
    a.out = first_of(in_place ? in_ : out_) + begin * a.out_stride;
    if (a.mask) a.mask = first_of(mask_) + begin * a.mask_stride;
    if (a.enabled) a.enabled = reinterpret_cast<const std::int32_t*>(first_of(enabled_));
    Op::run(context, a, picture_);
    context.synchronize();
  }
  std::vector<S> result(bool in_place = false) const {
    std::vector<S> samples(picture_.in.size());
    const Tensor& from = in_place ? in_ : out_;
    copy_bytes(samples.data(), Device{}, from.view().data, from.device(), from.view().bytes());
    return samples;
  }

 private:
  static char* first_of(Tensor& bytes) { return static_cast<char*>(bytes.view().data); }

  const PackedPicture<S>& picture_;
  Tensor transform_, in_, out_, mask_, enabled_;
};

// Exact but where the value lies so close to a half that f32 may fall to its other side; floats within f32's own errors,
// which decoding makes up to 4 times as large.
template <class S>
bool is_right(S value, double exact, bool linear) {
  const double slack = static_cast<double>(peak_of<S>) * (linear ? 1.6e-5 : 4e-6),
               distance = std::fabs(static_cast<double>(value) - exact);
  if constexpr (std::is_same_v<S, float>) return distance <= slack;
  return static_cast<double>(value) == std::round(exact) || distance <= 0.5 + slack;
}

// color_transform::apply_rows.
template <class S>
struct ApplyRowsOp {
  static void run(Context& context, const Rows& a, const PackedPicture<S>& picture) {
    color_transform::apply_rows(context, a, picture.options());
  }
  static double exact(const PackedPicture<S>& picture, const Rows& a, std::int64_t row, std::int64_t column,
                      int channel) {
    using namespace reference::color_transform;
    return a.transform.dtype == DType::f32
               ? transformed_sample<S, float>(a, picture.options(), row, column, channel)
               : transformed_sample<S, bfloat16>(a, picture.options(), row, column, channel);
  }
};

template <class S, class Op>
void check_samples(const PackedPicture<S>& picture, const Rows& a) {
  std::int64_t wrong = 0, inexact_outside = 0, gap_written = 0;
  const bool disabled = a.enabled && *a.enabled == 0;
  for (std::int64_t row = 0; row < a.height; ++row) {
    for (std::int64_t i = 0; i < picture.row_samples(); ++i) {
      const std::size_t at = static_cast<std::size_t>(row * picture.row_samples() + i);
      const std::int64_t column = i / a.channels;
      const int channel = static_cast<int>(i % a.channels);
      if (column >= a.width) {
        gap_written += picture.out[at] != S(0x5a);
      } else if (disabled || channel == 3 || reference::color_transform::row_mask(a, row, column) == 0) {
        inexact_outside += picture.out[at] != picture.in[at];
      } else {
        wrong += !is_right(picture.out[at], Op::exact(picture, a, row, column, channel), a.linear);
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(inexact_outside == 0);
  CHECK(gap_written == 0);
}

// At once; the same bits in bands, and in place with another context of the same device.
template <class S, class Op = ApplyRowsOp<S>>
void check_rows(Context& context, Context& other, const RowsCase& c, std::uint64_t seed) {
  INFO("case " << c.name << ", " << 8 * sizeof(S) << " bits, seed " << seed);
  PackedPicture<S> picture(c, seed);
  PictureOnDevice<S> whole(picture, context.device()), bands(picture, context.device());
  whole.template apply<Op>(context, 0, c.height);
  for (std::int64_t row = 0; row < c.height; row += 4)
    bands.template apply<Op>(context, row, std::min(row + 4, c.height));
  CHECK((bands.result() == whole.result()));
  whole.template apply<Op>(other, 0, c.height, true);
  const std::vector<S> in_place = whole.result(true);
  picture.out = whole.result();
  for (std::size_t i = 0; i < in_place.size(); ++i)
    if (static_cast<std::int64_t>(i) % picture.row_samples() < c.width * c.channels)
      if (in_place[i] != picture.out[i]) FAIL_CHECK("in place: sample " << i);
  check_samples<S, Op>(picture, picture.rows(0, c.height, picture.in, picture.out));
}

}  // namespace attune::test
