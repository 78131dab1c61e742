// Large pictures with the blend head, whose network sees every pixel: in overlapping tiles that fade into each other.
//
// A tile has little of a picture's regions, and statistics of its own would show at its borders. So the network first sees
// the whole picture scaled down, and what it finds there - at every level the styles of both regions - is told to each tile.
#pragma once

#include <cstdint>
#include <vector>

#include "embed/monitor.h"
#include "embed/network_run.h"
#include "embed/picture.h"

namespace attune {

// Whether the blend head's network, whose maps are padded to its stride, is to see a picture in tiles.
bool needs_tiles(const PictureSize& size, std::int64_t stride);
// What it sees of such a picture first: at most what it would see whole, in the picture's shape.
PictureSize overview_size(const PictureSize& size, std::int64_t stride);

// A tile along one axis: the pixels [begin, end), and the share of each in the picture's result.
struct TileWindow {
  std::int64_t begin = 0, end = 0;
  std::vector<float> weights;
};
// Windows that begin at multiples of the network's stride, so that all see its levels' grids alike. Their weights add up to 1
// at every pixel, and are 0 near a border within the picture.
std::vector<TileWindow> tile_windows(std::int64_t size, std::int64_t stride);

// Adds the picture's result to `result`, zeros [height, width, 3] in CPU memory; tiles without any mask are left out. `whole`
// has run on an overview of it. The network runs with `context`; `host` is for the passes over the picture. Advances the
// monitor by `share`.
void run_in_tiles(Context& context, Context& host, const Harmonizer& harmonizer, const Picture& picture,
                  bool inverted, const NetworkRun& whole, const TensorView& result, Monitor& monitor,
                  double share);

}  // namespace attune
