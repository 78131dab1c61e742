// Large pictures with the blend head, whose network sees every pixel: in overlapping tiles that fade into each other.
//
// A tile has little of a picture's regions, and statistics of its own would show at its borders. So the network first sees
// the whole picture scaled down, and what it finds there - at every level the styles of both regions - is told to each tile.
#pragma once

#include <cstdint>
#include <vector>

#include "core/async.h"
#include "embed/monitor.h"
#include "embed/picture.h"
#include "layers/harmonizer/inference.h"

namespace attune {

// Pictures of up to so many pixels are seen whole.
inline constexpr std::int64_t most_whole_pixels = std::int64_t{1} << 19;
// Of a larger one, what the network sees first.
PictureSize overview_size(const PictureSize& size);

// A tile along one axis: the pixels [begin, end), and the share of each in the picture's result.
struct TileWindow {
  std::int64_t begin = 0, end = 0;
  std::vector<float> weights;
};
// Windows that begin at multiples of the network's stride, so that all see its levels' grids alike. Their weights add up to 1
// at every pixel, and fall to nothing towards a border within the picture.
std::vector<TileWindow> tile_windows(std::int64_t size, std::int64_t stride);

class Tiles {
 public:
  Tiles(Context& context, const Harmonizer& harmonizer) : context_(context), harmonizer_(harmonizer) {}

  // Adds the picture's result to `result`, zeros [height, width, 3] in CPU memory. `whole` has run on an overview of it.
  // Advances the monitor by `share`.
  void run(const Picture& picture, bool inverted, const InferenceGraph& whole, const TensorView& result,
           Monitor& monitor, double share);

 private:
  struct Staging {
    HostBuffer composite, mask, result;  // empty on the CPU
  };
  void plan(const PictureSize& tile, const InferenceGraph& whole);
  TensorView on_host(ValueId value, const HostBuffer& twin) const;
  void run_tile(const Picture& tile, bool inverted, Monitor& monitor);

  Context& context_;
  const Harmonizer& harmonizer_;
  std::unique_ptr<TileGraph> graph_;
  Staging staging_;
};

}  // namespace attune
