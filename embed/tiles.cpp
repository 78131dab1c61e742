#include "embed/tiles.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "embed/input.h"
#include "kernels/blend_output/add_tile.h"

namespace attune {

namespace {

// They take 200 MB of activations. With half as many a picture of 700x700 would be seen in tiles, at 2.5 times the work.
constexpr std::int64_t most_pixels = std::int64_t{1} << 19;
// A tile's border is no border of the picture: convolutions lack there what lies beyond. Of the nearest pixels no use is made,
// and over the next ones a tile fades into its neighbour. (What reaches farther through five levels, at most some 120 pixels,
// is little: trained networks look near.)
constexpr std::int64_t unused_pixels = 64, fading_pixels = 32;
constexpr std::int64_t window_pixels = 512, overlap_pixels = 2 * unused_pixels + fading_pixels;

std::int64_t padded(std::int64_t side, std::int64_t stride) { return (side + stride - 1) / stride * stride; }

// By the distance from a border within the picture.
float border_weight(std::int64_t distance) {
  const float faded = static_cast<float>(distance - unused_pixels) + 0.5f;
  return std::clamp(faded / static_cast<float>(fading_pixels), 0.0f, 1.0f);
}

Picture cut_out(Picture picture, const TileWindow& rows, const TileWindow& columns) {
  const auto cut = [&](PixelRows source, std::int64_t pixel_bytes) -> PixelRows {
    if (!source.data) return source;
    return {static_cast<const char*>(source.row(rows.begin)) + columns.begin * pixel_bytes, source.stride};
  };
  picture.image = cut(picture.image, picture.channels * bytes_of(picture.sample));
  picture.mask = cut(picture.mask, bytes_of(picture.mask_sample));
  picture.ignored = cut(picture.ignored, 1);
  picture.size = {rows.end - rows.begin, columns.end - columns.begin};
  return picture;
}

}  // namespace

bool needs_tiles(const PictureSize& size, std::int64_t stride) {
  return padded(size.height, stride) * padded(size.width, stride) > most_pixels;
}

PictureSize overview_size(const PictureSize& size, std::int64_t stride) {
  const double pixels = static_cast<double>(size.height) * static_cast<double>(size.width);
  const double scale = std::sqrt(static_cast<double>(most_pixels) / pixels);
  const auto scaled = [&](std::int64_t side) {
    const auto whole = static_cast<std::int64_t>(static_cast<double>(side) * scale);
    return std::clamp<std::int64_t>(whole >= stride ? whole / stride * stride : whole, 1, side);
  };
  PictureSize overview{scaled(size.height), scaled(size.width)};
  // A strip's short side is mostly padding.
  std::int64_t& longer = overview.height > overview.width ? overview.height : overview.width;
  const std::int64_t shorter = std::min(overview.height, overview.width);
  longer = std::min(longer, most_pixels / padded(shorter, stride) / stride * stride);
  return overview;
}

std::vector<TileWindow> tile_windows(std::int64_t size, std::int64_t stride) {
  const std::int64_t step = window_pixels - overlap_pixels,
                     rest = std::max<std::int64_t>(0, size - window_pixels);
  const std::int64_t last = (rest + step - 1) / step;  // all but one, evenly spread
  std::vector<TileWindow> windows;
  std::vector<float> sums(static_cast<std::size_t>(size), 0.0f);
  for (std::int64_t i = 0; i <= last; ++i) {
    TileWindow window;
    window.begin = last == 0 ? 0 : rest * i / last / stride * stride;
    window.end = i == last ? size : window.begin + window_pixels;
    for (std::int64_t p = window.begin; p < window.end; ++p) {
      const float from_begin = window.begin == 0 ? 1 : border_weight(p - window.begin);
      const float from_end = window.end == size ? 1 : border_weight(window.end - 1 - p);
      window.weights.push_back(from_begin * from_end);
      sums[static_cast<std::size_t>(p)] += window.weights.back();
    }
    windows.push_back(std::move(window));
  }
  for (TileWindow& window : windows)
    for (std::int64_t p = window.begin; p < window.end; ++p)
      window.weights[static_cast<std::size_t>(p - window.begin)] /= sums[static_cast<std::size_t>(p)];
  return windows;
}

TiledNetwork::Axis::Axis(std::int64_t size, std::int64_t stride, Device device)
    : windows(tile_windows(size, stride)) {
  for (const TileWindow& window : windows) {
    const auto count = static_cast<std::int64_t>(window.weights.size());
    weights.emplace_back(Shape{count}, DType::f32, device);
    copy_bytes(weights.back().view().data, device, window.weights.data(), Device{}, 4 * count);
  }
}

TiledNetwork::TiledNetwork(Context& context, const Harmonizer& harmonizer, const PictureSize& picture,
                           const NetworkRun& whole, Monitor& monitor)
    : context_(context),
      harmonizer_(harmonizer),
      whole_(whole),
      monitor_(monitor),
      size_(picture),
      rows_(picture.height, harmonizer.stride(), whole.outside()),
      columns_(picture.width, harmonizer.stride(), whole.outside()),
      tiles_(tiles_by_size()),
      result_({picture.height, picture.width, 3}, DType::f32, whole.outside(), context.allocator()) {
  if (keeps_networks())
    for (const Tile& tile : tiles_) network_for(tile.size);
}

// Of one size after the other: all but the last row's and column's are equal, and the network is planned once a size.
std::vector<TiledNetwork::Tile> TiledNetwork::tiles_by_size() const {
  const auto length = [](const TileWindow& window) { return window.end - window.begin; };
  std::vector<Tile> tiles;
  for (std::size_t row = 0; row < rows_.windows.size(); ++row)
    for (std::size_t column = 0; column < columns_.windows.size(); ++column)
      tiles.push_back({row, column, {length(rows_.windows[row]), length(columns_.windows[column])}});
  std::stable_sort(tiles.begin(), tiles.end(), [](const Tile& a, const Tile& b) {
    return std::pair(a.size.height, a.size.width) < std::pair(b.size.height, b.size.width);
  });
  return tiles;
}

NetworkRun& TiledNetwork::network_for(const PictureSize& tile) {
  for (const auto& network : networks_)
    if (network->size() == tile) return *network;
  if (!keeps_networks()) networks_.clear();
  monitor_.ask();
  networks_.push_back(std::make_unique<NetworkRun>(context_, harmonizer_, tile, whole_, monitor_));
  if (!keeps_networks()) networks_.back()->tell(whole_);
  return *networks_.back();
}

// In bands, since the CPU's memory is touched for the first time.
void TiledNetwork::clear_result(Context& outside) {
  const std::int64_t rows = std::max<std::int64_t>(1, (std::int64_t{1} << 20) / size_.width);
  for (std::int64_t begin = 0; begin < size_.height; begin += rows) {
    monitor_.ask();
    TensorView band = result_.view();
    band.shape = {std::min(rows, size_.height - begin), size_.width, 3};
    band.data = result_.as<float>() + begin * size_.width * 3;
    set_zero(outside, band);
  }
}

TensorView TiledNetwork::run(Context& outside, const Picture& picture, bool inverted, double share) {
  for (const auto& network : networks_) network->tell(whole_);
  clear_result(outside);
  const double tile_share = share / static_cast<double>(tiles_.size());
  for (const Tile& tile : tiles_) {
    const TileWindow &rows = rows_.windows[tile.row], &columns = columns_.windows[tile.column];
    const Picture part = cut_out(picture, rows, columns);
    if (kind_of_mask(part, inverted, monitor_) == ATTUNE_MASK_EMPTY) {
      monitor_.advance(tile_share);
      continue;
    }
    NetworkRun& network = network_for(tile.size);
    load_input(outside, part, inverted, network.input(0), nullptr, monitor_, 0);
    network.run(monitor_, tile_share);
    blend_output::add_tile(
        outside, {network.result(0), rows_.weights[tile.row].view(), columns_.weights[tile.column].view(),
                  rows.begin, columns.begin, result_.view()});
  }
  has_run_ = true;
  return result_.view();
}

}  // namespace attune
