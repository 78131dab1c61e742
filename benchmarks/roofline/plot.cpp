#include "benchmarks/roofline/plot.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace attune::bench {

namespace {

constexpr double ticks_width = 60, strip_width = 130;

bool has_rows_without_flops(const std::vector<Entry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const Entry& e) { return !e.has_flops(); });
}

}  // namespace

Plot::Plot(const Roofline& roofline, const std::vector<Entry>& entries, const Box& frame, SvgWriter& svg)
    : roofline_(roofline),
      limits_(roofline.limits),
      entries_(entries),
      svg_(svg),
      frame_{frame.left + ticks_width, frame.top, frame.right, frame.bottom},
      strip_right_(frame_.left + (has_rows_without_flops(entries) ? strip_width : 0)),
      plot_left_(has_strip() ? strip_right_ + ticks_width : frame_.left),
      ceiling_{"stream read", limits_.read_bytes_per_second},
      other_bandwidth_{"stream copy", limits_.copy_bytes_per_second},
      peaks_{{"FMA f32", limits_.f32_flops_per_second}},
      unit_(flop_unit(limits_)),
      label_places_(frame_) {
  if (limits_.bytes_per_second != ceiling_.rate) std::swap(ceiling_, other_bandwidth_);
  if (limits_.bf16_flops_per_second != limits_.f32_flops_per_second)
    peaks_.push_back({"FMA bf16", limits_.bf16_flops_per_second});
  choose_axes();
}

void Plot::draw() {
  axes();
  roofs();
  marks();
  names_of_limits();
  numbers();
}

double Plot::greatest_peak() const {
  return std::max(limits_.f32_flops_per_second, limits_.bf16_flops_per_second);
}

// So that every row, every ridge point and the left ends of memory's roofs are in the frame.
void Plot::choose_axes() {
  std::vector<double> intensities, rates;
  for (const Limit& peak : peaks_) {
    intensities.insert(intensities.end(), {ridge_point(peak) / 8, ridge_point(peak) * 4});
    rates.push_back(1.6e-9 * peak.rate);  // below the peak's name
  }
  for (const MeasuredRow& row : roofline_.rows) {
    if (row.cost.flops == 0) continue;
    intensities.push_back(intensity(row));
    rates.push_back(gigaflops(row));
  }
  x_ = axis_of(intensities, plot_left_, frame_.right);
  for (const Limit& bandwidth : {ceiling_, other_bandwidth_}) rates.push_back(1e-9 * bandwidth.rate * x_.low);
  for (const MeasuredRow& row : roofline_.rows)
    if (row.cost.flops == 0) rates.push_back(gigabytes(row) * x_.low);
  y_ = axis_of(rates, frame_.bottom, frame_.top);
}

void Plot::axes() {
  for (const Tick& tick : x_.ticks()) {
    const double x = x_.at(tick.value);
    svg_.line("grid", {x, frame_.top}, {x, frame_.bottom});
    if (tick.labelled) svg_.text("middle", {x, frame_.bottom + 20}, tick_label(tick.value));
  }
  svg_.text("middle", {(plot_left_ + frame_.right) / 2, frame_.bottom + 44},
            "arithmetic intensity (flop/byte)");
  vertical_axis(y_.in(unit_.gigaflops), plot_left_, frame_.right, unit_.name);
  if (!has_strip()) return;
  vertical_axis(y_.in(x_.low), frame_.left, strip_right_, "GB/s");  // the plot's left edge in bytes
  svg_.text("middle", {(frame_.left + strip_right_) / 2, frame_.bottom + 20}, "no flops");
  label_places_.take({strip_right_, frame_.top, plot_left_, frame_.bottom});  // the ticks between
}

void Plot::vertical_axis(const Axis& axis, double left, double right, const char* unit) {
  for (const Tick& tick : axis.ticks()) {
    const double y = axis.at(tick.value);
    svg_.line("grid", {left, y}, {right, y});
    if (tick.labelled) svg_.text("end", {left - 7, y + 6}, tick_label(tick.value));
  }
  svg_.rectangle("frame", {left, frame_.top, right, frame_.bottom});
  svg_.text("", {left, frame_.top - 10}, unit);
}

// Clipped, should a limit be far from what the axes were chosen for.
void Plot::roofs() {
  svg_.raw("<clipPath id='frame'>");
  svg_.rectangle("", frame_);
  svg_.raw("</clipPath><g clip-path='url(#frame)'>\n");
  memory_roof(ceiling_, "roof");
  memory_roof(other_bandwidth_, "roof dashed");
  for (const Limit& peak : peaks_) arithmetic_roof(peak);
  svg_.raw("</g>\n");
}

void Plot::memory_roof(const Limit& bandwidth, const char* classes) {
  const double start = y_.at(1e-9 * bandwidth.rate * x_.low);
  if (has_strip()) svg_.line(classes, {frame_.left, start}, {strip_right_, start});
  svg_.line(classes, {plot_left_, start},
            {x_.at(greatest_peak() / bandwidth.rate), y_.at(1e-9 * greatest_peak())});
}

void Plot::arithmetic_roof(const Limit& peak) {
  const double y = y_.at(1e-9 * peak.rate);
  svg_.line("roof", {x_.at(ridge_point(peak)), y}, {frame_.right, y});
}

// A bandwidth's stands above the frame: beside its line it would cover the rows that a cache lifts there.
void Plot::names_of_limits() {
  const auto name_bandwidth = [&](double x, const Limit& bandwidth, const char* note, const char* classes) {
    const double y = frame_.top - 38;
    svg_.line(classes, {x, y - 6}, {x + 34, y - 6});
    svg_.text("limit", {x + 42, y}, text(bandwidth.name, ' ', figure(1e-9 * bandwidth.rate), " GB/s", note));
  };
  name_bandwidth(frame_.left, ceiling_, ", the ceiling", "roof");
  name_bandwidth(frame_.left + 440, other_bandwidth_, "", "roof dashed");
  for (const Limit& peak : peaks_) name_arithmetic_roof(peak);
}

// Over its line where no mark is, as far to the right as can be.
void Plot::name_arithmetic_roof(const Limit& peak) {
  constexpr double name_width = 240, step = 12;
  const double y = y_.at(1e-9 * peak.rate);
  std::vector<Box> places;
  for (double right = frame_.right - step; right - name_width > plot_left_; right -= step)
    places.push_back({right - name_width, y - 26, right, y - 2});
  svg_.text("limit end", {label_places_.take_first_free(places).right, y - 8},
            text(peak.name, ' ', figure(1e-9 * peak.rate / unit_.gigaflops), ' ', unit_.name));
}

// Of each entry's rows. Those without flops have a column an entry.
std::vector<std::vector<Point>> Plot::positions() const {
  const auto columns =
      std::count_if(entries_.begin(), entries_.end(), [](const Entry& e) { return !e.has_flops(); });
  const double column_width = has_strip() ? strip_width / static_cast<double>(columns) : 0;
  double column = frame_.left - column_width / 2;
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

void Plot::marks() {
  const std::vector<std::vector<Point>> all = positions();
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < all[i].size(); ++j) {
      label_places_.take_mark(all[i][j]);
      svg_.raw(entries_[i].mark.svg_at(all[i][j], title_of(*entries_[i].rows[j])));
    }
}

// One for the highest mark of each entry, farther off where it must be; then what still fits.
void Plot::numbers() {
  std::vector<std::vector<Point>> all = positions();
  for (std::vector<Point>& marks : all)
    std::sort(marks.begin(), marks.end(), [](Point a, Point b) { return a.y < b.y; });
  for (std::size_t i = 0; i < all.size(); ++i) number(i, all[i][0], 12);
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 1; j < all[i].size(); ++j) number(i, all[i][j], 1);
}

std::string Plot::title_of(const MeasuredRow& row) const {
  const std::string share = roofline_.is_in_cache(row)
                                ? "in cache"
                                : percents(roofline_.share_of_ceiling(row)) + " % of the ceiling";
  return text(row.name, ": ", figure(gigabytes(row)), " GB/s, ", figure(gigaflops(row) / unit_.gigaflops),
              ' ', unit_.name, " in ", name_of(row.arithmetic), ", ", share);
}

void Plot::number(std::size_t entry, Point mark, int steps) {
  constexpr double digit_width = 9.6, number_height = 15;
  const std::string digits = std::to_string(entry + 1);
  const auto place =
      label_places_.take_near(mark, digit_width * static_cast<double>(digits.size()), number_height, steps);
  if (!place) return;
  if (std::hypot(place->x - mark.x, place->y - mark.y) > 26) svg_.line("leader", mark, *place);
  svg_.text("number middle", {place->x, place->y + 5}, digits,
            text("style='fill:", entries_[entry].mark.color, '\''));
}

}  // namespace attune::bench
