#include "benchmarks/roofline/roofline.h"

#include "benchmarks/roofline/plot.h"
#include "benchmarks/roofline/table.h"
#include "core/error.h"

namespace attune::bench {

namespace {

// Letters are large against the picture's width, so that they can be read on a phone.
constexpr const char* style =
    "text{font:18px system-ui,sans-serif;fill:#222}.title{font-size:25px;font-weight:600}"
    ".soft{font-size:16.5px;fill:#555}.cell{font-size:16.5px}.end{text-anchor:end}.middle{text-anchor:middle}"
    ".number,.limit{font-weight:600;paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}"
    ".number{font-size:15px}.grid{stroke:#e6e6e6}.frame{stroke:#999;fill:none}.leader{stroke:#aaa}"
    ".head{font-weight:600}.roof{stroke:#111;stroke-width:2}.dashed{stroke-dasharray:9 4}.band{fill:#f5f5f5}";
constexpr double width = 1000, margin = 24;
constexpr Box plot_frame = {margin, 174, width - margin, 714};
constexpr double table_top = 804;

void write_heading(const Roofline& roofline, SvgWriter& svg) {
  svg.text(
      "title", {margin, 40},
      text("Roofline of attune bench: ", roofline.rows.size(), roofline.rows.size() == 1 ? " row" : " rows"));
  svg.text("soft", {margin, 68}, roofline.caption);
  const auto key = [&](double x, const char* direction, const char* dtype, const char* words) {
    svg.raw(Mark{"#555", direction, dtype}.svg_at({x + 6, 95}));
    svg.text("soft", {x + 18, 100}, words);
  };
  key(margin, "forward", "f32", "forward");
  key(margin + 100, "backward", "f32", "backward");
  key(margin + 216, "other", "f32", "other");
  key(margin + 300, "forward", "bf16", "hollow: bf16 in memory");
  svg.text("soft", {margin + 530, 100}, "in cache: faster than memory's roof");
}

}  // namespace

std::string roofline_svg(const Roofline& roofline) {
  const std::vector<Entry> entries = entries_of(roofline.rows);
  const double height = table_top + table_line_height * (static_cast<double>(entries.size()) + 0.5);
  SvgWriter svg;
  svg.raw(text("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ", width, ' ', height,
               "' style='width:100%;height:auto;background:#fff'><style>", style, "</style>\n"));
  write_heading(roofline, svg);
  Plot(roofline, entries, plot_frame, svg).draw();
  write_table(roofline, entries, margin, width - margin, table_top, svg);
  svg.raw("</svg>\n");
  return svg.svg();
}

}  // namespace attune::bench
