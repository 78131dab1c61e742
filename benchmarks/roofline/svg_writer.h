// Writes SVG elements one after another; coordinates to a hundredth.
#pragma once

#include <string>

#include "benchmarks/roofline/geometry.h"
#include "core/text.h"

namespace attune::bench {

class SvgWriter {
 public:
  // Nothing where there are no words. `attributes` come as they are.
  void text(const std::string& classes, Point at, const std::string& words,
            const std::string& attributes = "") {
    if (words.empty()) return;
    svg_ += "<text class='" + classes + "' x='" + number(at.x) + "' y='" + number(at.y) + "' " + attributes +
            '>' + escaped(words) + "</text>\n";
  }
  void line(const std::string& classes, Point from, Point to) {
    svg_ += "<line class='" + classes + "' x1='" + number(from.x) + "' y1='" + number(from.y) + "' x2='" +
            number(to.x) + "' y2='" + number(to.y) + "'/>\n";
  }
  void rectangle(const std::string& classes, const Box& box) {
    svg_ += "<rect class='" + classes + "' x='" + number(box.left) + "' y='" + number(box.top) + "' width='" +
            number(box.right - box.left) + "' height='" + number(box.bottom - box.top) + "'/>\n";
  }
  void raw(const std::string& svg) { svg_ += svg; }

  static std::string number(double value) { return fixed(value, 2); }
  const std::string& svg() const { return svg_; }

 private:
  std::string svg_;
};

}  // namespace attune::bench
