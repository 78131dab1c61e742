#include "embed/session.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "embed/downscale.h"
#include "kernels/color_transform/color_transform.h"

namespace attune {

namespace {

int channels_of(attune_pixel_format format) {
  return format == ATTUNE_RGBA8 || format == ATTUNE_RGBA16 ? 4 : 3;
}
bool is_16_bit(attune_pixel_format format) { return format == ATTUNE_RGB16 || format == ATTUNE_RGBA16; }
std::int64_t row_bytes(const attune_picture& picture) {
  return checked_multiply(picture.width, channels_of(picture.format) * (is_16_bit(picture.format) ? 2 : 1));
}

// As an integer: a C caller's enum may hold any, and reading it as the enum is undefined then.
int format_number(const attune_picture& picture) {
  std::underlying_type_t<attune_pixel_format> number;
  std::memcpy(&number, &picture.format, sizeof number);
  return static_cast<int>(number);
}

bool is_shorter(std::int64_t stride, std::int64_t row) { return -row < stride && stride < row; }

void check_strides(const attune_picture& picture) {
  const std::int64_t bytes = row_bytes(picture);
  require(!is_shorter(picture.image_stride, bytes) && !is_shorter(picture.output_stride, bytes) &&
              !is_shorter(picture.mask_stride, picture.width),
          ErrorKind::argument, "a stride is shorter than a row of ", bytes, " bytes (mask: ", picture.width,
          ")");
  require(picture.image != picture.output || picture.image_stride == picture.output_stride,
          ErrorKind::argument, "in place with strides ", picture.image_stride, " and ",
          picture.output_stride);
  if (!is_16_bit(picture.format)) return;
  require(picture.image_stride % 2 == 0 && picture.output_stride % 2 == 0, ErrorKind::argument,
          "the strides of 16-bit rows must be even");
  const auto is_odd = [](const void* address) { return reinterpret_cast<std::uintptr_t>(address) % 2 != 0; };
  require(!is_odd(picture.image) && !is_odd(picture.output), ErrorKind::argument,
          "16-bit rows at an odd address");
}

// The picture with strides filled in.
attune_picture checked(attune_picture picture) {
  constexpr std::int64_t longest = std::int64_t{1} << 20;
  require(picture.width > 0 && picture.height > 0 && picture.width <= longest && picture.height <= longest,
          ErrorKind::argument, "picture is ", picture.width, " x ", picture.height, ", expected 1 to ",
          longest);
  const int format = format_number(picture);
  require(format >= ATTUNE_RGB8 && format <= ATTUNE_RGBA16, ErrorKind::argument, "pixel format is ", format,
          ", expected 0 to 3");
  require(picture.image && picture.mask && picture.output, ErrorKind::argument,
          "image, mask or output is a null pointer");
  if (picture.image_stride == 0) picture.image_stride = row_bytes(picture);
  if (picture.output_stride == 0) picture.output_stride = row_bytes(picture);
  if (picture.mask_stride == 0) picture.mask_stride = picture.width;
  check_strides(picture);
  return picture;
}

attune_mask_kind kind_of_mask(const attune_picture& picture) {
  bool foreground = false, background = false;
  for (std::int64_t y = 0; y < picture.height && !(foreground && background); ++y) {
    const std::uint8_t* row = picture.mask + y * picture.mask_stride;
    foreground = foreground || std::any_of(row, row + picture.width, [](std::uint8_t m) { return m > 0; });
    background = background || std::any_of(row, row + picture.width, [](std::uint8_t m) { return m < 255; });
  }
  return !foreground ? ATTUNE_MASK_EMPTY : !background ? ATTUNE_MASK_FULL : ATTUNE_MASK_BOTH;
}

void copy_picture(const attune_picture& picture) {
  if (picture.output == picture.image) return;
  const auto bytes = static_cast<std::size_t>(row_bytes(picture));
  for (std::int64_t y = 0; y < picture.height; ++y)
    std::memcpy(static_cast<char*>(picture.output) + y * picture.output_stride,
                static_cast<const char*>(picture.image) + y * picture.image_stride, bytes);
}

}  // namespace

Session::Session(std::shared_ptr<const Model> model, Device device, int threads)
    : context_(device, threads), host_({}, threads), model_(std::move(model), device) {}

// The value itself where it lies on the CPU.
TensorView Session::on_host(ValueId value, const HostBuffer& twin) const {
  return context_.device().kind == DeviceKind::cpu ? network_->graph.value(value) : twin.view();
}

attune_mask_kind Session::harmonize(const attune_picture& unchecked, float strength) {
  const attune_picture picture = checked(unchecked);
  require(strength >= 0 && strength <= 1, ErrorKind::argument, "strength is ", strength, ", expected 0 to 1");
  const attune_mask_kind kind = kind_of_mask(picture);
  if (kind != ATTUNE_MASK_BOTH || strength == 0) {  // exactly, whatever the network would say
    copy_picture(picture);
    return kind;
  }
  plan(network_size(model_.model().description(), {picture.height, picture.width}));
  load_inputs(picture);
  network_->graph.forward(context_);
  fetch_result();
  if (model_.harmonizer().options().head == Head::affine)
    apply_transform(picture, strength);
  else
    store_blended(picture, strength);
  return kind;
}

void Session::plan(const PictureSize& network) {
  if (network_ && network_->size == network) return;
  network_ = std::make_unique<InferenceGraph>(context_, model_.harmonizer(), network);
  network_->graph.pack_parameters(context_);  // a loaded model doesn't change
  if (context_.device().kind == DeviceKind::cpu) return;
  const auto twin_of = [&](ValueId value) {
    const TensorSpec& spec = network_->graph.spec(value);
    return HostBuffer(spec.shape, spec.dtype, context_.device());
  };
  composite_twin_ = twin_of(network_->composite);
  mask_twin_ = twin_of(network_->mask);
  result_twin_ = twin_of(network_->result);
}

void Session::load_inputs(const attune_picture& picture) {
  Downscale image;
  image.source = picture.image;
  image.width = picture.width;
  image.height = picture.height;
  image.source_stride = picture.image_stride;
  image.pixel = channels_of(picture.format);
  image.out = on_host(network_->composite, composite_twin_).as<float>();
  image.out_width = network_->size.width;
  image.out_height = network_->size.height;
  (is_16_bit(picture.format) ? downscale_u16 : downscale_u8)(image, context_.threads());

  Downscale mask = image;
  mask.source = picture.mask;
  mask.source_stride = picture.mask_stride;
  mask.pixel = mask.channels = 1;
  mask.out = on_host(network_->mask, mask_twin_).as<float>();
  downscale_u8(mask, context_.threads());
  if (context_.device().kind == DeviceKind::cpu) return;
  copy_async(context_, network_->graph.value(network_->composite), composite_twin_.view());
  copy_async(context_, network_->graph.value(network_->mask), mask_twin_.view());
}

void Session::fetch_result() {
  if (context_.device().kind == DeviceKind::cpu) return;
  copy_async(context_, result_twin_.view(), network_->graph.value(network_->result));
  context_.synchronize();
}

void Session::apply_transform(const attune_picture& picture, float strength) {
  color_transform::Rows rows;
  rows.transform = on_host(network_->result, result_twin_).slice(0);
  rows.height = picture.height;
  rows.width = picture.width;
  rows.row_end = picture.height;
  rows.sample =
      is_16_bit(picture.format) ? color_transform::Rows::Sample::u16 : color_transform::Rows::Sample::u8;
  rows.channels = channels_of(picture.format);
  rows.in = picture.image;
  rows.in_stride = picture.image_stride;
  rows.out = picture.output;
  rows.out_stride = picture.output_stride;
  rows.mask_type = color_transform::Rows::MaskType::u8;
  rows.mask = picture.mask;
  rows.mask_stride = picture.mask_stride;
  rows.strength = strength;
  const auto scale = transform_scale(model_.harmonizer(), network_->size, {picture.height, picture.width});
  color_transform::apply_rows(host_, rows, scale);
}

namespace {

struct BlendedRow {
  const float* colours;  // the network's, three a pixel
  const std::uint8_t* mask;
  std::int64_t width;
  int channels;
  float strength;
};

// std::lerp is exact at both ends, and a greater strength never takes a step back.
template <class Sample>
Sample mixed(Sample before, float colour, float strength) {
  const float after = std::clamp(colour, 0.0f, 1.0f) * static_cast<float>(std::numeric_limits<Sample>::max());
  return static_cast<Sample>(std::lround(std::lerp(static_cast<float>(before), after, strength)));
}

// Rounds to samples, leaving alpha and everything outside the mask exactly as they are.
template <class Sample>
void store_row(const BlendedRow& row, const void* image, void* output) {
  const auto* in = static_cast<const Sample*>(image);
  auto* out = static_cast<Sample*>(output);
  const float* colours = row.colours;
  for (std::int64_t x = 0; x < row.width; ++x, in += row.channels, out += row.channels, colours += 3)
    for (int c = 0; c < row.channels; ++c)
      out[c] = c == 3 || row.mask[x] == 0 ? in[c] : mixed(in[c], colours[c], row.strength);
}

}  // namespace

void Session::store_blended(const attune_picture& picture, float strength) {
  const float* colours = on_host(network_->result, result_twin_).as<float>();
  const auto store = is_16_bit(picture.format) ? store_row<std::uint16_t> : store_row<std::uint8_t>;
  BlendedRow row{colours, picture.mask, picture.width, channels_of(picture.format), strength};
  for (std::int64_t y = 0; y < picture.height; ++y) {
    row.colours = colours + y * picture.width * 3;
    row.mask = picture.mask + y * picture.mask_stride;
    store(row, static_cast<const char*>(picture.image) + y * picture.image_stride,
          static_cast<char*>(picture.output) + y * picture.output_stride);
  }
}

}  // namespace attune
