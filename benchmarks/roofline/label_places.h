// Where the labels of a picture's marks fit: beside them, and over nothing else.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <vector>

#include "benchmarks/roofline/geometry.h"

namespace attune::bench {

class LabelPlaces {
 public:
  explicit LabelPlaces(const Box& frame) : frame_(frame) {}

  void take(const Box& box) { taken_.push_back(box); }
  void take_mark(Point center) { take(Box::around(center, mark_size, mark_size)); }

  // Takes the first of these that is free, or else the first.
  Box take_first_free(const std::vector<Box>& boxes) {
    const auto free = std::find_if(boxes.begin(), boxes.end(), [&](const Box& box) { return is_free(box); });
    const Box box = free == boxes.end() ? boxes.front() : *free;
    take(box);
    return box;
  }

  // Takes the place nearest to the mark and returns its center; nothing where all within `steps` of half a label's height
  // are taken.
  std::optional<Point> take_near(Point mark, double width, double height, int steps) {
    constexpr int directions = 16;
    for (int step = 0; step < steps; ++step)
      for (int direction = 0; direction < directions; ++direction) {
        const double angle = 2 * std::numbers::pi * direction / directions;
        // An ellipse: what is wide needs more room beside the mark than above it.
        const double distance = 1 + (mark_size + (step + 1) * height) / 2;
        const Point center{mark.x + (distance + (width - height) / 2) * std::cos(angle),
                           mark.y - distance * std::sin(angle)};
        const Box box = Box::around(center, width, height);
        if (!is_free(box)) continue;
        take(box);
        return center;
      }
    return std::nullopt;
  }

 private:
  static constexpr double mark_size = 15;

  bool is_free(const Box& box) const {
    return frame_.holds(box) &&
           std::none_of(taken_.begin(), taken_.end(), [&](const Box& other) { return other.meets(box); });
  }

  Box frame_;
  std::vector<Box> taken_;
};

}  // namespace attune::bench
