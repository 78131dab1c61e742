// A harmonizer at work on a picture of any size: the network sees it scaled down, and the affine head's map is applied to
// all of its pixels.
#pragma once

#include <map>

#include "kernels/color_transform/color_transform.h"
#include "layers/graph.h"
#include "layers/harmonizer/model_file.h"

namespace attune {

struct PictureSize {
  std::int64_t height = 0, width = 0;

  friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

// What the network of a model sees of a picture of `size`: with the blend head, whose result is the picture, all of it.
PictureSize network_size(const ModelDescription& model, const PictureSize& size);

// A graph (composite, mask) -> result, planned for so many pictures of the network's size: the affine head's map, or the
// blend head's picture.
struct InferenceGraph {
  Graph graph;
  ValueId composite = 0, mask = 0, result = 0;
  PictureSize size;
  std::int64_t pictures;
  std::int64_t passes = 0;  // of which forward() consists
  PictureStyle style;       // with the blend head: what a tile of the picture is told

  InferenceGraph(Context& context, const Harmonizer& harmonizer, const PictureSize& network,
                 std::int64_t pictures = 1);
  // The blend head's network on a tile of pictures, of which `whole` sees all, at any size.
  InferenceGraph(Context& context, const Harmonizer& harmonizer, const PictureSize& tile,
                 const InferenceGraph& whole);
  // Tells a tile's network what `whole` found when it ran last.
  void tell(Context& context, const InferenceGraph& whole);

 private:
  void plan(Context& context, std::map<ValueId, TensorSpec> told = {});
};

// The map's cells per pixel of a picture of which the network saw `network`.
color_transform::Options transform_scale(const Harmonizer& harmonizer, const PictureSize& network,
                                         const PictureSize& picture);

}  // namespace attune
