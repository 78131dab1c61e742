// How patch_infonce's CPU body lays out its scratch, and which rows of an image count.
#pragma once

#include <algorithm>

#include "kernels/patch_infonce/roles.h"

namespace attune::patch_infonce {

// Bounds over the SIMD targets: rows that a panel or a strip holds (tiles-inl.h).
inline constexpr std::int64_t smallest_panel = 8, largest_panel = 32, largest_strip = 12;

constexpr std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Rows to reserve for `rows` rows: the last panel or strip may be filled up with zero rows.
constexpr std::int64_t capacity_of(std::int64_t rows) {
  return ceil_divide(rows + largest_strip - 1, largest_panel) * largest_panel;
}

// Backward cuts an image's columns, negatives and then positives, into so many parts. Each has its own sums for the anchors'
// gradient, so that tasks are independent: up to 8 of one image, fewer of several, each of 256 columns at least.
// The sums are then at most 8 times the anchors, of few images only; cutting the anchors would take 8 times the columns.
constexpr std::int64_t column_parts(const Extents& e) {
  constexpr std::int64_t tasks = 8, smallest_part = 256;
  return std::clamp<std::int64_t>(tasks / std::max<std::int64_t>(e.images, 1), 1,
                                  std::max<std::int64_t>((e.positives + e.negatives) / smallest_part, 1));
}

// The normalized rows of one set (anchors, positives or negatives) in scratch memory, and their gradient. Panels and strips
// hold rows interleaved by depth: element (r, d) of a block of `width` rows is at d * width + r. Elsewhere a row's depth is
// filled up to `stride`.
struct PackedRows {
  float* panels = nullptr;  // [capacity, depth] in blocks of a panel, of anchors: they lie in vector lanes
  float* rows = nullptr;    // [capacity, stride], of anchors
  float* strips =
      nullptr;  // [capacity, depth] in blocks of a strip, of columns: they are streamed past a panel
  float* gradient = nullptr;  // of anchors like panels, one for each part; of columns [capacity, stride]
  float* inverse = nullptr;   // [capacity]: 1 / |z|, and 0 where no gradient flows
  std::int64_t capacity = 0, depth = 0, stride = 0, parts = 0;  // parts: 0 of columns

  PackedRows image(std::int64_t n) const {
    PackedRows one = *this;
    const std::int64_t first = n * capacity;
    one.inverse += first;
    if (parts > 0) {
      one.panels += first * depth;
      one.rows += first * stride;
      one.gradient += first * parts * depth;
    } else {
      one.strips += first * depth;
      one.gradient += first * stride;
    }
    return one;
  }
};

struct Scratch {
  PackedRows anchors, positives, negatives;
  double* loss = nullptr;  // [images, panels]: each anchor panel's sum of L_i
  std::int64_t panels = 0;

  Scratch(const Extents& e, void* memory) : panels(capacity_of(e.anchors) / smallest_panel) {
    loss = static_cast<double*>(memory);
    auto* next = reinterpret_cast<float*>(loss + loss_elements(e));
    const auto take = [&](std::int64_t elements) {
      float* const taken = next;
      next += elements;
      return taken;
    };
    for (PackedRows* set : {&anchors, &positives, &negatives}) {
      const bool columns = set != &anchors;
      set->capacity = capacity_of(set == &anchors     ? e.anchors
                                  : set == &positives ? e.positives
                                                      : e.negatives);
      set->depth = e.depth;
      set->stride = stride_of(e);
      set->parts = columns ? 0 : column_parts(e);
      const std::int64_t rows = e.images * set->capacity;
      (columns ? set->strips : set->panels) = take(rows * e.depth);
      if (!columns) set->rows = take(rows * set->stride);
      set->gradient = take(columns ? rows * set->stride : rows * set->parts * e.depth);
      set->inverse = take(rows);
    }
  }

  static std::int64_t bytes(const Extents& e) {
    const std::int64_t anchors = checked_multiply(e.images, capacity_of(e.anchors)),
                       columns =
                           checked_multiply(e.images, capacity_of(e.positives) + capacity_of(e.negatives)),
                       stride = stride_of(e);
    return 8 * loss_elements(e) +
           checked_multiply(anchors, 4 * (checked_multiply(1 + column_parts(e), e.depth) + stride + 1)) +
           checked_multiply(columns, 4 * (e.depth + stride + 1));
  }

 private:
  static std::int64_t stride_of(const Extents& e) {
    return ceil_divide(e.depth, largest_panel) * largest_panel;
  }
  // A multiple of 8 (64 bytes), so that what follows is aligned to vectors.
  static std::int64_t loss_elements(const Extents& e) {
    return ceil_divide(e.images * (capacity_of(e.anchors) / smallest_panel), 8) * 8;
  }
};

// The rows of image n that count.
inline std::int64_t counted(ConstTensorView count, std::int64_t rows, std::int64_t n) {
  return count.empty() ? rows : count.as<std::int32_t>()[n];
}

// The positive of each of image n's anchors; null in set mode.
inline const std::int32_t* positives_of(const Inputs& a, const Extents& e, const Options& options,
                                        std::int64_t n) {
  return options.pairing == Pairing::indexed ? a.positive_index.as<std::int32_t>() + n * e.anchors : nullptr;
}

inline Counts counts_of(const Inputs& a, const Extents& e, std::int64_t n) {
  return {counted(a.anchor_count, e.anchors, n), counted(a.positive_count, e.positives, n),
          counted(a.negative_count, e.negatives, n)};
}

inline bool contributes(const Counts& counts, const Options& options) {
  return counts.contribute(options.other_positives_in_denominator);
}

inline std::int64_t contributing_images(const Inputs& a, const Extents& e, const Options& options) {
  std::int64_t images = 0;
  for (std::int64_t n = 0; n < e.images; ++n) images += contributes(counts_of(a, e, n), options);
  return images;
}

}  // namespace attune::patch_infonce
