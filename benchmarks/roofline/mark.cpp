#include "benchmarks/roofline/mark.h"

#include <map>

#include "benchmarks/roofline/svg_writer.h"
#include "core/error.h"
#include "core/text.h"

namespace attune::bench {

namespace {

// An element without its end, of a diameter of about 2 r.
std::string shape_of(const std::string& direction, Point center) {
  constexpr double r = 5.5;
  const auto number = SvgWriter::number;
  if (direction == "forward")
    return text("circle cx='", number(center.x), "' cy='", number(center.y), "' r='", number(r), '\'');
  if (direction == "backward")
    return text("rect x='", number(center.x - 0.9 * r), "' y='", number(center.y - 0.9 * r), "' width='",
                number(1.8 * r), "' height='", number(1.8 * r), '\'');
  return text("path d='M", number(center.x), ' ', number(center.y - 1.2 * r), 'l', number(1.2 * r), ' ',
              number(2.1 * r), 'h', number(-2.4 * r), "z'");
}

}  // namespace

std::string op_color(const std::string& op) {
  static const std::map<std::string, const char*> colors = {
      {"adamw", "#6b7a00"},        {"blend_output", "#1f5fa8"},     {"color_transform", "#d1495b"},
      {"convolution", "#2e8b57"},  {"masked_style", "#d97706"},     {"matmul", "#7b4fa3"},
      {"norm", "#0e8f9c"},         {"pack_input", "#8c5a2b"},       {"patch_infonce", "#d6519c"},
      {"patch_sample", "#1d5c45"}, {"reconstruction", "#5aa0e6"},   {"resample", "#8f1d3f"},
      {"style_fusion", "#3b3f9e"}, {"upsample_concat", "#b39200"},  {"fill_ignored", "#7f6a93"},
      {"image_bias", "#5b8c85"},   {"style_difference", "#a0522d"},
  };
  const auto color = colors.find(op);
  return color == colors.end() ? "#4a4a4a" : color->second;
}

std::string Mark::svg_at(Point center, const std::string& title) const {
  const std::string shape = shape_of(direction, center), element = shape.substr(0, shape.find(' '));
  return text('<', shape, " stroke='", color, "' stroke-width='2' fill='", dtype == "bf16" ? "#fff" : color,
              "'>", title.empty() ? "" : "<title>" + escaped(title) + "</title>", "</", element, ">\n");
}

}  // namespace attune::bench
