#include "tools/export/picture_ops.h"

#include "kernels/resample/resample.h"

namespace attune::tools {

namespace {

constexpr int height = 0, width = 1;    // of a size
constexpr std::int64_t float_type = 1;  // onnx.proto's

OnnxValue along(const OnnxValue& size, std::int64_t axis) {
  return size.graph->add("Gather", {size, size.graph->integer(axis)}, {{"axis", 0}});
}

OnnxValue least(const OnnxValue& a, const OnnxValue& b) { return a.graph->add("Min", {a, b}); }
OnnxValue greatest(const OnnxValue& a, const OnnxValue& b) { return a.graph->add("Max", {a, b}); }
OnnxValue as_floats(const OnnxValue& x) { return x.graph->add("Cast", {x}, {{"to", float_type}}); }

// 0, 1, .. count - 1: a row [1, count] or a column [count, 1].
OnnxValue counted(const OnnxValue& count, std::int64_t new_axis) {
  OnnxGraph& graph = *count.graph;
  const OnnxValue range = graph.add("Range", {graph.integer(0), count, graph.integer(1)});
  return graph.add("Unsqueeze", {range, graph.integers({new_axis})});
}
OnnxValue row_of(const OnnxValue& count) { return counted(count, 0); }
OnnxValue column_of(const OnnxValue& count) { return counted(count, 1); }

OnnxValue product(const OnnxValue& a, const OnnxValue& b) { return a.graph->add("MatMul", {a, b}); }
OnnxValue transposed(const OnnxValue& matrix) {
  return matrix.graph->add("Transpose", {matrix}, {{"perm", Integers{1, 0}}});
}

// [outputs, inputs]: how much of output o's box [o inputs, (o + 1) inputs) lies in input i's [i outputs, (i + 1) outputs),
// in units in which both are whole.
OnnxValue box_overlaps(const OnnxValue& inputs, const OnnxValue& outputs) {
  OnnxGraph& graph = *inputs.graph;
  const OnnxValue begin = column_of(outputs) * inputs, other_begin = row_of(inputs) * outputs;
  const OnnxValue overlap = least(begin + inputs, other_begin + outputs) - greatest(begin, other_begin);
  return as_floats(greatest(overlap, graph.integer(0)));
}

// [pixels, cells]: the weights of bilinear interpolation at each pixel. A cell covers `stride` of `seen` pixels, which are
// stretched over the picture's: pixel p lies at ((2 p + 1) seen - stride pixels) / (2 stride pixels), clamped to the cells.
OnnxValue bilinear_weights(const OnnxValue& pixels, const OnnxValue& cells, const OnnxValue& seen,
                           std::int64_t stride) {
  OnnxGraph& graph = *pixels.graph;
  const OnnxValue one = graph.integer(1), two = graph.integer(2), zero = graph.integer(0);
  const OnnxValue cell = two * graph.integer(stride) * pixels;
  const OnnxValue centre = (two * column_of(pixels) + one) * seen - graph.integer(stride) * pixels;
  const OnnxValue place = least(greatest(centre, zero), (cells - one) * cell);
  const OnnxValue distance = graph.add("Abs", {place - row_of(cells) * cell});
  return graph.add("Relu", {graph.number(1) - as_floats(distance) / as_floats(cell)});
}

}  // namespace

OnnxValue size_of(const OnnxValue& picture) { return picture.graph->add("Shape", {picture}, {{"start", 2}}); }

OnnxValue network_size(const OnnxValue& size, std::int64_t inference_size) {
  OnnxGraph& graph = *size.graph;
  const OnnxValue one = graph.integer(1), two = graph.integer(2);
  const OnnxValue longer = graph.add("ReduceMax", {size}, {{"keepdims", 0}});
  const OnnxValue target = least(longer, graph.integer(inference_size));
  const OnnxValue rounded = (two * size * target + longer) / (two * longer);
  return greatest(rounded, one);
}

// Divided after each product: sums of whole numbers are exact, and so a mask of ones stays one.
OnnxValue downscaled(const OnnxValue& picture, const OnnxValue& size) {
  const OnnxValue from = size_of(picture);
  const OnnxValue rows = box_overlaps(along(from, height), along(size, height));
  const OnnxValue columns = box_overlaps(along(from, width), along(size, width));
  const OnnxValue lower = product(rows, picture) / as_floats(along(from, height));
  return product(lower, transposed(columns)) / as_floats(along(from, width));
}

OnnxValue padded(const OnnxValue& picture, std::int64_t stride) {
  OnnxGraph& graph = *picture.graph;
  const OnnxValue size = size_of(picture), step = graph.integer(stride);
  const OnnxValue missing = (size + graph.integer(stride - 1)) / step * step - size;
  const OnnxValue none = graph.integers(Integers(6, 0));  // before all four axes, and behind the first two
  return graph.add("Pad", {picture, concatenated({none, missing}, 0)}, {{"mode", "edge"}});
}

OnnxValue cropped(const OnnxValue& picture, const OnnxValue& size) {
  OnnxGraph& graph = *picture.graph;
  return graph.add("Slice", {picture, graph.integers({0, 0}), size, graph.integers({2, 3})});
}

OnnxValue cell_averages(const OnnxValue& picture, std::int64_t side) {
  const Integers cell = {side, side};
  return picture.graph->add("AveragePool", {picture}, {{"kernel_shape", cell}, {"strides", cell}});
}

OnnxValue snapped(const OnnxValue& mask) {
  OnnxGraph& graph = *mask.graph;
  const OnnxValue near = graph.number(resample::snap_distance);
  OnnxValue result = mask;
  for (const float end : {0.0f, 1.0f}) {
    const OnnxValue exact = graph.number(end);
    const OnnxValue distance = graph.add("Abs", {mask - exact});
    result = where(graph.add("LessOrEqual", {distance, near}), exact, result);
  }
  return result;
}

OnnxValue doubled(const OnnxValue& features) {
  OnnxGraph& graph = *features.graph;
  return graph.add("Resize", {features, OnnxValue{}, graph.numbers({1, 1, 2, 2})},
                   {{"mode", "linear"}, {"coordinate_transformation_mode", "half_pixel"}});
}

// One row of A after the other, so that no more than three enlarged channels are held at once.
OnnxValue color_change(const OnnxValue& map, const OnnxValue& picture, const OnnxValue& seen,
                       std::int64_t stride) {
  OnnxGraph& graph = *picture.graph;
  const OnnxValue size = size_of(picture), cells = size_of(map);
  const auto weights = [&](int axis) {
    return bilinear_weights(along(size, axis), along(cells, axis), along(seen, axis), stride);
  };
  const OnnxValue rows = weights(height), columns = transposed(weights(width));
  const auto enlarged = [&](std::int64_t first_channel) {
    return product(product(rows, slice(map, 1, first_channel, first_channel + 3)), columns);
  };
  const OnnxValue centred = picture - graph.number(0.5f);
  std::vector<OnnxValue> colours;
  for (const std::int64_t row : {0, 3, 6}) colours.push_back(sum(enlarged(row) * centred, {1}));
  return concatenated(colours, 1) + enlarged(9);
}

OnnxValue blend_change(const OnnxValue& map, const OnnxValue& picture) {
  OnnxGraph& graph = *picture.graph;
  const OnnxValue whole = cropped(map, size_of(picture));
  const OnnxValue share = graph.add("Sigmoid", {slice(whole, 1, 3, 4)});
  return share * (slice(whole, 1, 0, 3) + graph.number(0.5f) - picture);
}

}  // namespace attune::tools
