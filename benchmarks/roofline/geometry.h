// Places in a picture: x to the right, y downwards.
#pragma once

namespace attune::bench {

struct Point {
  double x, y;
};

struct Box {
  double left, top, right, bottom;

  static Box around(Point center, double width, double height) {
    return {center.x - width / 2, center.y - height / 2, center.x + width / 2, center.y + height / 2};
  }
  bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
  bool holds(const Box& other) const {
    return left <= other.left && other.right <= right && top <= other.top && other.bottom <= bottom;
  }
};

}  // namespace attune::bench
