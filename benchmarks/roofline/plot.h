// The upper part of a roofline: axes, the machine's limits, and a mark and perhaps a number for each row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "benchmarks/roofline/axis.h"
#include "benchmarks/roofline/entries.h"
#include "benchmarks/roofline/figures.h"
#include "benchmarks/roofline/label_places.h"
#include "benchmarks/roofline/roofline.h"
#include "benchmarks/roofline/svg_writer.h"

namespace attune::bench {

class Plot {
 public:
  // Draws within the box and, with ticks and names, up to 60 above and 50 below it. All three outlive the plot.
  Plot(const Roofline& roofline, const std::vector<Entry>& entries, const Box& frame, SvgWriter& svg);

  void draw();

 private:
  struct Limit {
    std::string name;
    double rate;  // bytes or flops a second
  };

  void choose_axes();
  void axes();
  void vertical_axis(const Axis& axis, double left, double right, const char* unit);
  void roofs();
  void memory_roof(const Limit& bandwidth, const char* classes);
  void arithmetic_roof(const Limit& peak);
  void marks();
  void names_of_limits();
  void name_arithmetic_roof(const Limit& peak);
  void numbers();
  void number(std::size_t entry, Point mark, int steps);
  std::vector<std::vector<Point>> positions() const;
  std::string title_of(const MeasuredRow& row) const;

  double ridge_point(const Limit& peak) const { return peak.rate / limits_.bytes_per_second; }
  double greatest_peak() const;
  bool has_strip() const { return strip_right_ > frame_.left; }

  const Roofline& roofline_;
  const tools::MachineLimits& limits_;
  const std::vector<Entry>& entries_;
  SvgWriter& svg_;
  Box frame_;
  double strip_right_;  // of the rows without flops, which stand left of the axis
  double plot_left_;
  Limit ceiling_, other_bandwidth_;  // the one that shares are of, and the other
  std::vector<Limit> peaks_;
  FlopUnit unit_;
  Axis x_, y_;  // flops a byte, GFLOP/s
  LabelPlaces label_places_;
};

}  // namespace attune::bench
