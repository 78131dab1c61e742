// Forward of one panel of anchors: the rest is streamed past it first, then the positives.
#include "kernels/patch_infonce/logits-inl.h"
#include "kernels/patch_infonce/rows-inl.h"

#if defined(ATTUNE_KERNELS_PATCH_INFONCE_FORWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_PATCH_INFONCE_FORWARD_INL_H_
#undef ATTUNE_KERNELS_PATCH_INFONCE_FORWARD_INL_H_
#else
#define ATTUNE_KERNELS_PATCH_INFONCE_FORWARD_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::patch_infonce::HWY_NAMESPACE {

class ForwardPanel {
 public:
  HWY_INLINE ForwardPanel(const float* panel, std::int64_t depth, const AnchorPanel& anchors)
      : panel_(panel), depth_(depth), anchors_(anchors), positive_{zero(), zero()} {}

  void stream_negatives(const PackedRows& negatives, std::int64_t count) {
    for_each_strip(negatives, count, [&](const float* strip, std::int64_t, std::int64_t columns) HWY_ATTR {
      dot_tile(panel_, strip, depth_, tile_, StripRows());
      for (std::int64_t half = 0; half < 2; ++half) rest_[half].add(tile_, half, columns);
    });
  }
  // Finds each anchor's logit with its positive; the other positives join the rest where `role` says so.
  void stream_indexed_positives(const PackedRows& positives, std::int64_t count, Role role) {
    for_each_strip(positives, count,
                   [&](const float* strip, std::int64_t first, std::int64_t columns) HWY_ATTR {
                     if (role == Role::one_positive && !any_positive(anchors_, first, columns)) return;
                     dot_tile(panel_, strip, depth_, tile_, StripRows());
                     for (std::int64_t half = 0; half < 2; ++half) {
                       for (std::int64_t c = 0; c < columns; ++c) take_positive(half, c, first + c);
                       if (role == Role::one_positive_and_rest) rest_[half].add(tile_, half, columns);
                     }
                   });
    for (std::int64_t half = 0; half < 2; ++half) {
      hn::Store(positive_[half], F32(), tile_ + half * vector_rows);
      sums_[half].add(log_sum(half), tile_, half, 1);
    }
  }
  void stream_positive_set(const PackedRows& positives, std::int64_t count) {
    const V32 log_sums[] = {log_sum(0), log_sum(1)};
    for_each_strip(positives, count, [&](const float* strip, std::int64_t, std::int64_t columns) HWY_ATTR {
      dot_tile(panel_, strip, depth_, tile_, StripRows());
      for (std::int64_t half = 0; half < 2; ++half) sums_[half].add(log_sums[half], tile_, half, columns);
    });
  }
  // Writes the first `present` anchors' log_sum and miss, and returns the sum of their losses.
  double finish(std::int64_t positives, std::int64_t present, float* log_sums, float* misses) {
    const V32 share = broadcast(1.0f / static_cast<float>(positives));
    double total = 0;
    for (std::int64_t half = 0; half < 2 && present > half * vector_rows; ++half) {
      const std::int64_t lane = half * vector_rows, n = HWY_MIN(present - lane, vector_rows);
      store_part(log_sum(half), log_sums + lane, n);
      store_part(hn::Mul(sums_[half].miss, share), misses + lane, n);
      hn::Store(hn::Mul(sums_[half].loss, share), F32(), tile_);
      for (std::int64_t i = 0; i < n; ++i) total += static_cast<double>(tile_[i]);
    }
    return total;
  }

 private:
  HWY_INLINE V32 log_sum(std::int64_t half) const { return rest_[half].value(); }
  HWY_INLINE void take_positive(std::int64_t half, std::int64_t c, std::int64_t column) {
    const Mask32 positive = anchors_.at(half, column).positive;
    const V32 s = logit(tile_, c, half);
    positive_[half] = hn::IfThenElse(positive, s, positive_[half]);
    hn::Store(hn::IfThenElse(positive, broadcast(excluded), s), F32(),
              tile_ + c * panel_rows + half * vector_rows);
  }

  const float* panel_;
  std::int64_t depth_;
  const AnchorPanel& anchors_;
  LogSum rest_[2];
  PositiveSums sums_[2];
  V32 positive_[2];
  HWY_ALIGN float tile_[tile_elements];
};

inline double forward_panel(const Forward& a, const Options& options, const Extents& e,
                            const Scratch& scratch, std::int64_t n, std::int64_t first) {
  const Counts counts = counts_of(a.inputs, e, n);
  const std::int64_t rows = HWY_MIN(e.anchors - first, panel_rows);
  const std::int64_t present =
      contributes(counts, options) ? std::clamp<std::int64_t>(counts.anchors - first, 0, rows) : 0;
  float* log_sum = a.log_sum.as<float>() + n * e.anchors + first;
  float* miss = a.miss.as<float>() + n * e.anchors + first;
  std::fill(log_sum + present, log_sum + rows, 0.0f);
  std::fill(miss + present, miss + rows, 0.0f);
  if (present == 0) return 0;

  const std::int32_t* indices = positives_of(a.inputs, e, options, n);
  const AnchorPanel anchors(nullptr, nullptr, indices ? indices + first : nullptr, present);
  ForwardPanel panel(scratch.anchors.image(n).panels + first * e.depth, e.depth, anchors);
  panel.stream_negatives(scratch.negatives.image(n), counts.negatives);
  const PackedRows positives = scratch.positives.image(n);
  if (options.pairing == Pairing::set) {
    panel.stream_positive_set(positives, counts.positives);
    return panel.finish(counts.positives, present, log_sum, miss);
  }
  panel.stream_indexed_positives(positives, counts.positives, role_of_positives(options));
  return panel.finish(1, present, log_sum, miss);
}

}  // namespace attune::patch_infonce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_PATCH_INFONCE_FORWARD_INL_H_
