#include "layers/harmonizer/inference.h"

#include <algorithm>
#include <utility>

#include "core/async.h"

namespace attune {

PictureSize network_size(const ModelDescription& model, const PictureSize& size) {
  const std::int64_t longer = std::max(size.height, size.width);
  if (model.options.head != Head::affine || longer <= model.inference_size) return size;
  // Rounded in whole numbers, halves up, as every program that runs an exported model can.
  const auto scaled = [&](std::int64_t side) {
    return std::max<std::int64_t>(1, (2 * side * model.inference_size + longer) / (2 * longer));
  };
  return {scaled(size.height), scaled(size.width)};
}

InferenceGraph::InferenceGraph(Context& context, const Harmonizer& harmonizer, const PictureSize& network,
                               std::int64_t pictures_)
    : size(network), pictures(pictures_) {
  composite = graph.input("composite");
  mask = graph.input("mask");
  result = harmonizer.options().head == Head::affine ? harmonizer.add_head_to(graph, composite, mask)
                                                     : harmonizer.add_to(graph, composite, mask, style);
  plan(context);
}

InferenceGraph::InferenceGraph(Context& context, const Harmonizer& harmonizer, const PictureSize& tile,
                               const InferenceGraph& whole)
    : size(tile), pictures(1) {
  composite = graph.input("composite");
  mask = graph.input("mask");
  result = harmonizer.add_tile_to(graph, composite, mask, style);
  const std::vector<ValueId> told = style.all(), found = whole.style.all();
  std::map<ValueId, TensorSpec> specs;
  for (std::size_t i = 0; i < told.size(); ++i) specs[told[i]] = whole.graph.spec(found[i]);
  plan(context, std::move(specs));
}

void InferenceGraph::tell(Context& context, const InferenceGraph& whole) {
  const std::vector<ValueId> told = style.all(), found = whole.style.all();
  for (std::size_t i = 0; i < told.size(); ++i)
    copy_async(context, graph.value(told[i]), whole.graph.value(found[i]));
}

void InferenceGraph::plan(Context& context, std::map<ValueId, TensorSpec> told) {
  graph.keep(result);
  told[composite] = {{pictures, size.height, size.width, 3}, DType::f32, true};
  told[mask] = {{pictures, size.height, size.width}, DType::f32, false};
  graph.plan(context, told, Mode::inference);
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
