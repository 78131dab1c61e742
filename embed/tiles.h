// Large pictures with the blend head, whose network sees every pixel: in overlapping tiles that fade into each other.
//
// A tile has little of a picture's regions, and statistics of its own would show at its borders. So the network first sees
// the whole picture scaled down, and what it finds there - at every level the styles of both regions - is told to each tile.
#pragma once

#include <cstdint>
#include <memory>
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

// The network on the tiles of pictures of one size.
class TiledNetwork {
 public:
  // `whole` runs on the pictures' overviews, and outlives this as the others do.
  TiledNetwork(Context& context, const Harmonizer& harmonizer, const PictureSize& picture,
               const NetworkRun& whole, Monitor& monitor);

  const PictureSize& size() const { return size_; }

  // The colours [height, width, 3] of a picture that `whole` has run on, where pictures lie; valid until the next call, and 0 in
  // tiles that have been seen to hold no mask. `outside` is for the passes over the picture. Advances the monitor by `share`.
  // Of pictures in device memory all but the first call neither allocate nor wait.
  TensorView run(Context& outside, const Picture& picture, bool inverted, double share);
  bool has_run() const { return has_run_; }

 private:
  // Along one axis, and each one's weights where pictures lie.
  struct Axis {
    std::vector<TileWindow> windows;
    std::vector<Tensor> weights;

    Axis(std::int64_t size, std::int64_t stride, Device device);
  };
  struct Tile {
    std::size_t row, column;
    PictureSize size;
  };

  std::vector<Tile> tiles_by_size() const;
  NetworkRun& network_for(const PictureSize& tile);
  void clear_result(Context& outside);
  // For pictures in CPU memory one at a time. In a device's all, at most four: freeing one would wait for what runs on it.
  bool keeps_networks() const { return whole_.outside().kind != DeviceKind::cpu; }

  Context& context_;
  const Harmonizer& harmonizer_;
  const NetworkRun& whole_;
  Monitor& monitor_;
  PictureSize size_;
  Axis rows_, columns_;
  std::vector<Tile> tiles_;
  std::vector<std::unique_ptr<NetworkRun>> networks_;
  Tensor result_;
  bool has_run_ = false;
};

}  // namespace attune
