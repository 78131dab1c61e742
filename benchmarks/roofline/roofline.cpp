#include "benchmarks/roofline/roofline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "benchmarks/roofline/axis.h"
#include "benchmarks/roofline/entries.h"
#include "benchmarks/roofline/label_places.h"
#include "core/error.h"
#include "core/text.h"

namespace attune::bench {

namespace {

// Letters are large against the picture's width, so that they can be read on a phone.
constexpr const char* style =
    "text{font:18px system-ui,sans-serif;fill:#222}.title{font-size:25px;font-weight:600}"
    ".soft{font-size:16.5px;fill:#555}.end{text-anchor:end}.middle{text-anchor:middle}"
    ".number,.limit{font-weight:600;paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}"
    ".number{font-size:15px}.grid{stroke:#e6e6e6}.frame{stroke:#999;fill:none}.leader{stroke:#aaa}"
    ".head{font-weight:600}.roof{stroke:#111;stroke-width:2}.dashed{stroke-dasharray:9 4}.band{fill:#f5f5f5}";
constexpr double width = 1000, margin = 24, line_height = 26;
constexpr double plot_top = 150, plot_bottom = 700, plot_right = width - margin;
constexpr double table_top = 790, ticks_width = 60, strip_width = 130;

class Picture {
 public:
  explicit Picture(const Roofline& roofline)
      : roofline_(roofline), limits_(roofline.limits), entries_(entries_of(roofline.rows)) {
    has_strip_ = std::any_of(entries_.begin(), entries_.end(), [](const Entry& e) { return !e.has_flops(); });
    if (has_strip_) plot_left_ += strip_width + ticks_width;
    const double balance = peak() / memory();  // flops a byte from which arithmetic limits
    std::vector<double> intensities = {balance / 8, 4 * balance}, rates = {1.6e-9 * peak()};
    for (const MeasuredRow& row : roofline.rows) {
      if (row.cost.flops == 0) continue;
      intensities.push_back(intensity(row));
      rates.push_back(gigaflops(row));
    }
    x_ = axis_of(intensities, plot_left_, plot_right);
    for (const MeasuredRow& row : roofline.rows)
      if (row.cost.flops == 0) rates.push_back(gigabytes(row) * x_.low);
    y_ = axis_of(rates, plot_bottom, plot_top);
  }

  std::string svg() {
    const double height = table_top + line_height * (static_cast<double>(entries_.size()) + 0.5);
    svg_ << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 " << width << ' ' << height
         << "' style='width:100%;height:auto;background:#fff'><style>" << style << "</style>\n";
    heading();
    axes();
    limits();
    marks();
    table();
    svg_ << "</svg>\n";
    return svg_.str();
  }

 private:
  double peak() const { return std::max(limits_.f32_flops_per_second, limits_.bf16_flops_per_second); }
  double memory() const { return std::max(limits_.read_bytes_per_second, limits_.copy_bytes_per_second); }

  void write(const std::string& classes, Point at, const std::string& words,
             const std::string& attributes = "") {
    if (words.empty()) return;
    svg_ << "<text class='" << classes << "' x='" << at.x << "' y='" << at.y << "' " << attributes << '>'
         << escaped(words) << "</text>\n";
  }
  void line(const char* classes, Point from, Point to) {
    svg_ << "<line class='" << classes << "' x1='" << from.x << "' y1='" << from.y << "' x2='" << to.x
         << "' y2='" << to.y << "'/>\n";
  }
  void box(const char* classes, const Box& box) {
    svg_ << "<rect class='" << classes << "' x='" << box.left << "' y='" << box.top << "' width='"
         << box.right - box.left << "' height='" << box.bottom - box.top << "'/>\n";
  }

  void heading() {
    write("title", {margin, 40},
          text("attune bench: ", roofline_.rows.size(), " rows under this machine's limits"));
    write("soft", {margin, 68}, roofline_.caption);
    const auto key = [&](double x, const char* direction, const char* dtype, const char* words) {
      svg_ << Mark{"#555", direction, dtype}.at({x + 6, 95});
      write("soft", {x + 18, 100}, words);
    };
    key(margin, "forward", "f32", "forward");
    key(margin + 100, "backward", "f32", "backward");
    key(margin + 216, "other", "f32", "other");
    key(margin + 300, "forward", "bf16", "hollow: bf16");
    write("soft", {margin + 446, 100}, "above the slanted lines: the data stay in cache");
  }

  void axes() {
    for (const Tick& tick : x_.ticks()) {
      line("grid", {x_.at(tick.value), plot_top}, {x_.at(tick.value), plot_bottom});
      if (tick.labelled) write("middle", {x_.at(tick.value), plot_bottom + 20}, text(tick.value));
    }
    write("middle", {(plot_left_ + plot_right) / 2, plot_bottom + 44}, "flops per compulsory byte");
    vertical_axis(y_, plot_left_, plot_right, "GFLOP/s");
    if (!has_strip_) return;
    // The plot's left edge in bytes.
    vertical_axis({y_.low / x_.low, y_.high / x_.low, y_.from, y_.to}, strip_left, strip_left + strip_width,
                  "GB/s");
    write("middle", {strip_left + strip_width / 2, plot_bottom + 20}, "no flops");
    label_places_.take({strip_left + strip_width, plot_top, plot_left_, plot_bottom});  // the ticks between
  }
  void vertical_axis(const Axis& axis, double left, double right, const char* unit) {
    for (const Tick& tick : axis.ticks()) {
      line("grid", {left, axis.at(tick.value)}, {right, axis.at(tick.value)});
      if (tick.labelled) write("end", {left - 7, axis.at(tick.value) + 6}, text(tick.value));
    }
    box("frame", {left, plot_top, right, plot_bottom});
    write("", {left, plot_top - 10}, unit);
  }

  void limits() {
    // Their names stand in the upper left corner, where no row can be.
    bandwidth(limits_.read_bytes_per_second, "stream read", "roof", plot_top + 24);
    bandwidth(limits_.copy_bytes_per_second, "stream copy", "roof dashed", plot_top + 48);
    label_places_.take({plot_left_, plot_top, plot_left_ + 290, plot_top + 58});
    arithmetic(limits_.f32_flops_per_second, "f32");
    if (limits_.bf16_flops_per_second != limits_.f32_flops_per_second)
      arithmetic(limits_.bf16_flops_per_second, "bf16");
  }
  void bandwidth(double bytes, const char* name, const char* classes, double name_y) {
    const double start = y_.at(1e-9 * bytes * x_.low);
    if (has_strip_) line(classes, {strip_left, start}, {strip_left + strip_width, start});
    line(classes, {plot_left_, start}, {x_.at(peak() / bytes), y_.at(1e-9 * peak())});
    line(classes, {plot_left_ + 12, name_y - 6}, {plot_left_ + 48, name_y - 6});
    write("limit", {plot_left_ + 56, name_y}, text(name, ' ', figure(1e-9 * bytes), " GB/s"));
  }
  void arithmetic(double flops, const char* dtype) {
    const double y = y_.at(1e-9 * flops);
    line("roof", {x_.at(flops / memory()), y}, {plot_right, y});
    write("limit end", {plot_right - 12, y - 8}, text("FMA ", dtype, ' ', figure(1e-9 * flops), " GFLOP/s"));
    label_places_.take({plot_right - 240, y - 24, plot_right, y});
  }

  // Of each entry's rows. Those without flops have a column an entry.
  std::vector<std::vector<Point>> positions() const {
    const auto columns =
        std::count_if(entries_.begin(), entries_.end(), [](const Entry& e) { return !e.has_flops(); });
    const double column_width = has_strip_ ? strip_width / static_cast<double>(columns) : 0;
    double column = strip_left - column_width / 2;
    std::vector<std::vector<Point>> all;
    for (const Entry& entry : entries_) {
      if (!entry.has_flops()) column += column_width;
      all.emplace_back();
      for (const MeasuredRow* row : entry.rows)
        all.back().push_back(entry.has_flops() ? Point{x_.at(intensity(*row)), y_.at(gigaflops(*row))}
                                               : Point{column, y_.at(gigabytes(*row) * x_.low)});
    }
    return all;
  }

  void marks() {
    std::vector<std::vector<Point>> all = positions();
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = 0; j < all[i].size(); ++j) {
        label_places_.take_mark(all[i][j]);
        svg_ << entries_[i].mark.at(all[i][j], title_of(*entries_[i].rows[j]));
      }
    // A number for the highest mark of each entry, farther off where it must be; then what still fits.
    for (std::vector<Point>& marks : all)
      std::sort(marks.begin(), marks.end(), [](Point a, Point b) { return a.y < b.y; });
    for (std::size_t i = 0; i < all.size(); ++i) number(i, all[i][0], 12);
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = 1; j < all[i].size(); ++j) number(i, all[i][j], 1);
  }
  static std::string title_of(const MeasuredRow& row) {
    return text(row.name, ": ", figure(gigabytes(row)), " GB/s, ", figure(gigaflops(row)), " GFLOP/s, ",
                figure(percent(row)), " % of the ceiling");
  }
  void number(std::size_t entry, Point mark, int steps) {
    constexpr double digit_width = 9.6, number_height = 15;
    const std::string digits = std::to_string(entry + 1);
    const auto place =
        label_places_.take_near(mark, digit_width * static_cast<double>(digits.size()), number_height, steps);
    if (!place) return;
    if (std::hypot(place->x - mark.x, place->y - mark.y) > 26) line("leader", mark, *place);
    write("number middle", {place->x, place->y + 5}, digits,
          text("style='fill:", entries_[entry].mark.color, '\''));
  }

  void table() {
    table_line(table_top, "head", {"", "row", "rows", "GB/s", "GFLOP/s", "% of ceiling"});
    double y = table_top + line_height;
    for (std::size_t i = 0; i < entries_.size(); ++i, y += line_height) {
      const Entry& entry = entries_[i];
      if (i % 2 == 0) box("band", {margin, y - 19, width - margin, y + 7});
      svg_ << entry.mark.at({margin + 46, y - 6});
      table_line(
          y, "",
          {std::to_string(i + 1), entry.name, std::to_string(entry.rows.size()), entry.range(gigabytes),
           entry.has_flops() ? entry.range(gigaflops) : "", entry.range(percent)});
    }
  }
  void table_line(double y, const std::string& classes, const std::array<std::string, 6>& cells) {
    constexpr double number_end = margin + 32, name_start = margin + 64;
    constexpr std::array<double, 4> ends = {566, 704, 850, width - margin};
    write(classes + " end", {number_end, y}, cells[0]);
    write(classes, {name_start, y}, cells[1]);
    for (std::size_t i = 0; i < ends.size(); ++i) write(classes + " end", {ends[i], y}, cells[i + 2]);
  }

  static constexpr double strip_left = margin + ticks_width;
  const Roofline& roofline_;
  const MachineLimits& limits_;
  std::vector<Entry> entries_;
  bool has_strip_;
  double plot_left_ = strip_left;
  Axis x_, y_;
  LabelPlaces label_places_{{strip_left, plot_top, plot_right, plot_bottom}};
  std::ostringstream svg_;
};

}  // namespace

std::string roofline_svg(const Roofline& roofline) { return Picture(roofline).svg(); }

}  // namespace attune::bench
