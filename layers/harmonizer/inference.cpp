#include "layers/harmonizer/inference.h"

#include <algorithm>
#include <cmath>

namespace attune {

PictureSize network_size(const ModelDescription& model, const PictureSize& size) {
  const std::int64_t longer = std::max(size.height, size.width);
  if (model.options.head != Head::affine || longer <= model.inference_size) return size;
  const double scale = static_cast<double>(model.inference_size) / static_cast<double>(longer);
  const auto scaled = [scale](std::int64_t side) {
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(side) * scale));
  };
  return {scaled(size.height), scaled(size.width)};
}

InferenceGraph::InferenceGraph(Context& context, const Harmonizer& harmonizer, const PictureSize& network,
                               std::int64_t pictures_)
    : size(network), pictures(pictures_) {
  composite = graph.input("composite");
  mask = graph.input("mask");
  result = harmonizer.options().head == Head::affine ? harmonizer.add_head_to(graph, composite, mask)
                                                     : harmonizer.add_to(graph, composite, mask);
  graph.keep(result);
  graph.plan(context,
             {{composite, {{pictures, size.height, size.width, 3}, DType::f32, true}},
              {mask, {{pictures, size.height, size.width}, DType::f32, false}}},
             Mode::inference);
  passes = static_cast<std::int64_t>(graph.passes().size());
}

color_transform::Options transform_scale(const Harmonizer& harmonizer, const PictureSize& network,
                                         const PictureSize& picture) {
  const auto cells = static_cast<float>(harmonizer.head_stride());
  color_transform::Options options;
  options.scale_y = static_cast<float>(network.height) / cells / static_cast<float>(picture.height);
  options.scale_x = static_cast<float>(network.width) / cells / static_cast<float>(picture.width);
  return options;
}

}  // namespace attune
