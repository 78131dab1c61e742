// How patch_infonce's CPU body lays out its scratch, and which rows of an image count.
#pragma once

#include "kernels/patch_infonce/roles.h"

namespace attune::patch_infonce {

// Bounds over the SIMD targets: rows that a panel or a strip holds (tiles-inl.h).
inline constexpr std::int64_t smallest_panel = 8, largest_panel = 32, largest_strip = 12;

constexpr std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Rows to reserve for `rows` rows: the last panel or strip may be filled up with zero rows.
constexpr std::int64_t capacity_of(std::int64_t rows) {
  return ceil_divide(rows + largest_strip - 1, largest_panel) * largest_panel;
}

// The normalized rows of one set (anchors, positives or negatives) in scratch memory. Panels and strips hold
// the same rows, interleaved by depth: element (r, d) of a block of `width` rows is at d * width + r.
struct PackedRows {
  float* panels = nullptr;  // [capacity, depth] in blocks of a panel: the rows that lie in vector lanes
  float* strips = nullptr;  // [capacity, depth] in blocks of a strip: the rows that are streamed past a panel
  float* gradient = nullptr;  // like panels
  float* inverse = nullptr;   // [capacity]: 1 / |z|, and 0 where no gradient flows
  std::int64_t capacity = 0, depth = 0;

  PackedRows image(std::int64_t n) const {
    const std::int64_t rows = n * capacity;
    return {panels + rows * depth,
            strips + rows * depth,
            gradient + rows * depth,
            inverse + rows,
            capacity,
            depth};
  }
};

struct Scratch {
  PackedRows anchors, positives, negatives;
  double* loss = nullptr;  // [images, panels]: each anchor panel's sum of L_i
  std::int64_t panels = 0;

  Scratch(const Extents& e, void* memory) : panels(capacity_of(e.anchors) / smallest_panel) {
    loss = static_cast<double*>(memory);
    auto* next = reinterpret_cast<float*>(loss + loss_elements(e));
    const auto take = [&](std::int64_t rows) {
      const std::int64_t capacity = capacity_of(rows), elements = e.images * capacity * e.depth;
      const PackedRows packed{next,     next + elements, next + 2 * elements, next + 3 * elements,
                              capacity, e.depth};
      next += 3 * elements + e.images * capacity;
      return packed;
    };
    anchors = take(e.anchors);
    positives = take(e.positives);
    negatives = take(e.negatives);
  }

  static std::int64_t bytes(const Extents& e) {
    const std::int64_t rows = checked_multiply(
        e.images, capacity_of(e.anchors) + capacity_of(e.positives) + capacity_of(e.negatives));
    return 8 * loss_elements(e) + checked_multiply(rows, checked_multiply(4, 3 * e.depth + 1));
  }

 private:
  // A multiple of 8 (64 bytes), so that what follows is aligned to vectors.
  static std::int64_t loss_elements(const Extents& e) {
    return ceil_divide(e.images * (capacity_of(e.anchors) / smallest_panel), 8) * 8;
  }
};

inline Extents extents_of(ConstTensorView anchors, ConstTensorView positives, ConstTensorView negatives) {
  return {anchors.shape[0], anchors.shape[1], positives.shape[1],
          negatives.shape.rank() > 0 ? negatives.shape[1] : 0, anchors.shape[2]};
}

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
