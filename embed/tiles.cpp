#include "embed/tiles.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "core/parallel.h"
#include "embed/input.h"

namespace attune {

namespace {

// What a layer runs on at once: up to 40 ms on two threads and 76 on one, after which a caller who cancels is heard. Half of it
// would be twice as quick, and of a picture of 700x700 pixels 2.5 times the work, in tiles.
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

void add_weighted(const Context& context, const TensorView& tile, const TileWindow& rows,
                  const TileWindow& columns, const TensorView& result) {
  const std::int64_t width = columns.end - columns.begin;
  parallel_for(context.threads(), rows.end - rows.begin, [&](std::int64_t y) {
    const float* from = tile.as<float>() + 3 * y * width;
    float* to = result.as<float>() + 3 * ((rows.begin + y) * result.shape[1] + columns.begin);
    const float row_weight = rows.weights[static_cast<std::size_t>(y)];
    for (std::int64_t x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        to[3 * x + c] += row_weight * columns.weights[static_cast<std::size_t>(x)] * from[3 * x + c];
  });
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

namespace {

struct Tile {
  const TileWindow *rows, *columns;

  PictureSize size() const { return {rows->end - rows->begin, columns->end - columns->begin}; }
};

// Of one size after the other: all but the last row's and column's are equal, and the network is planned once a size.
std::vector<Tile> tiles_by_size(const std::vector<TileWindow>& rows, const std::vector<TileWindow>& columns) {
  std::vector<Tile> tiles;
  for (const TileWindow& row : rows)
    for (const TileWindow& column : columns) tiles.push_back({&row, &column});
  std::stable_sort(tiles.begin(), tiles.end(), [](const Tile& a, const Tile& b) {
    return std::pair(a.size().height, a.size().width) < std::pair(b.size().height, b.size().width);
  });
  return tiles;
}

}  // namespace

void run_in_tiles(Context& context, Context& host, const Harmonizer& harmonizer, const Picture& picture,
                  bool inverted, const NetworkRun& whole, const TensorView& result, Monitor& monitor,
                  double share) {
  const std::vector<TileWindow> rows = tile_windows(picture.size.height, harmonizer.stride());
  const std::vector<TileWindow> columns = tile_windows(picture.size.width, harmonizer.stride());
  const double tile_share = share / static_cast<double>(rows.size() * columns.size());
  std::unique_ptr<NetworkRun> network;
  for (const Tile& tile : tiles_by_size(rows, columns)) {
    const Picture part = cut_out(picture, *tile.rows, *tile.columns);
    if (kind_of_mask(part, inverted, monitor) == ATTUNE_MASK_EMPTY) {
      monitor.advance(tile_share);
      continue;
    }
    if (!network || !(network->size() == tile.size())) {
      network.reset();  // first, so that old and new are never held together
      network = std::make_unique<NetworkRun>(context, harmonizer, tile.size(), whole);
    }
    load_input(host, part, inverted, network->composite(0), network->mask(0), nullptr, monitor, 0);
    network->run(monitor, tile_share);
    add_weighted(host, network->result(0), *tile.rows, *tile.columns, result);
  }
}

}  // namespace attune
