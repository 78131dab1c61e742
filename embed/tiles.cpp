#include "embed/tiles.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "embed/input.h"

namespace attune {

namespace {

// 0.3 megapixels keep a layer's run within some 20 ms, after which a caller who cancels is heard.
constexpr std::int64_t window_pixels = 512, overlap_pixels = 128;
// At a tile's border convolutions see nothing where the picture goes on: of such pixels no use is made, and over the next
// ones a tile fades into its neighbour.
constexpr std::int64_t unused_pixels = 48, fading_pixels = 32;

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

PictureSize overview_size(const PictureSize& size) {
  const double scale = std::sqrt(static_cast<double>(most_whole_pixels) /
                                 (static_cast<double>(size.height) * static_cast<double>(size.width)));
  const auto scaled = [&](std::int64_t side) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(side) * scale), 1, side);
  };
  return {scaled(size.height), scaled(size.width)};
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

TensorView Tiles::on_host(ValueId value, const HostBuffer& twin) const {
  return context_.device().kind == DeviceKind::cpu ? graph_->graph.value(value) : twin.view();
}

void Tiles::plan(const PictureSize& tile, const InferenceGraph& whole) {
  if (graph_ && graph_->size == tile) return;
  graph_.reset();  // first, so that old and new are never held together
  graph_ = std::make_unique<TileGraph>(context_, harmonizer_, tile, whole);
  graph_->graph.pack_parameters(context_);
  if (context_.device().kind == DeviceKind::cpu) return;
  const auto twin_of = [&](ValueId value) {
    const TensorSpec& spec = graph_->graph.spec(value);
    return HostBuffer(spec.shape, spec.dtype, context_.device());
  };
  staging_ = {twin_of(graph_->composite), twin_of(graph_->mask), twin_of(graph_->result)};
}

void Tiles::run_tile(const Picture& tile, bool inverted, Monitor& monitor) {
  load_input(context_, tile, inverted, on_host(graph_->composite, staging_.composite).slice(0),
             on_host(graph_->mask, staging_.mask).slice(0), monitor, 0);
  const bool on_device = context_.device().kind != DeviceKind::cpu;
  if (on_device) {
    copy_async(context_, graph_->graph.value(graph_->composite), staging_.composite.view());
    copy_async(context_, graph_->graph.value(graph_->mask), staging_.mask.view());
  }
  graph_->graph.observer = [&](const Pass&, const std::function<void()>& run) {
    monitor.advance(0);
    run();
  };
  graph_->graph.forward(context_);
  if (!on_device) return;
  copy_async(context_, staging_.result.view(), graph_->graph.value(graph_->result));
  context_.synchronize();
}

void Tiles::run(const Picture& picture, bool inverted, const InferenceGraph& whole, const TensorView& result,
                Monitor& monitor, double share) {
  const std::vector<TileWindow> all_rows = tile_windows(picture.size.height, harmonizer_.stride());
  const std::vector<TileWindow> all_columns = tile_windows(picture.size.width, harmonizer_.stride());
  const double tile_share = share / static_cast<double>(all_rows.size() * all_columns.size());
  graph_.reset();  // it was told of another picture
  for (const TileWindow& rows : all_rows)
    for (const TileWindow& columns : all_columns) {
      const Picture tile = cut_out(picture, rows, columns);
      plan(tile.size, whole);
      run_tile(tile, inverted, monitor);
      add_weighted(context_, on_host(graph_->result, staging_.result).slice(0), rows, columns, result);
      monitor.advance(tile_share);
    }
}

}  // namespace attune
