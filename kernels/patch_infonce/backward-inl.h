// Backward of one panel, of anchors or of columns: the other side is streamed past it, each tile of logits
// computed again.
#include "kernels/patch_infonce/logits-inl.h"
#include "kernels/patch_infonce/rows-inl.h"

#if defined(ATTUNE_KERNELS_PATCH_INFONCE_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ATTUNE_KERNELS_PATCH_INFONCE_BACKWARD_INL_H_
#undef ATTUNE_KERNELS_PATCH_INFONCE_BACKWARD_INL_H_
#else
#define ATTUNE_KERNELS_PATCH_INFONCE_BACKWARD_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace attune::patch_infonce::HWY_NAMESPACE {

// gradient(w) += sum over the streamed rows of dL/ds(w, row) row, for the rows w of a panel.
template <class Panel>
void stream_gradient(const float* packed, const Panel& panel, const PackedRows& streamed, std::int64_t count,
                     Role role, float share, float* gradient) {
  HWY_ALIGN float tile[tile_elements];
  for_each_strip(streamed, count, [&](const float* strip, std::int64_t first, std::int64_t columns) HWY_ATTR {
    if (role == Role::one_positive && !any_positive(panel, first, columns)) return;
    dot_tile(packed, strip, streamed.depth, tile, StripRows());
    for (std::int64_t c = 0; c < strip_rows; ++c)
      for (std::int64_t half = 0; half < 2; ++half) {
        const V32 value = c < columns ? hn::Mul(broadcast(share), logit_gradient(role, logit(tile, c, half),
                                                                                 panel.at(half, first + c)))
                                      : zero();
        hn::Store(value, F32(), tile + c * panel_rows + half * vector_rows);
      }
    add_outer_product(tile, strip, streamed.depth, gradient, StripRows());
  });
}

// What all of backward's tasks share.
struct BackwardPass {
  const Backward& a;
  const Options& options;
  Extents e;
  Scratch scratch;
  float dloss_per_image;  // dL over the number of contributing images

  // The panel of anchors from `first` on in image n; share = 1 / P of set mode.
  void anchor_panel(const Counts& counts, float share, std::int64_t n, std::int64_t first,
                    float* gradient) const {
    const std::int64_t offset = n * e.anchors + first;
    const std::int32_t* indices = positives_of(a.inputs, e, options, n);
    const AnchorPanel panel(a.log_sum.as<float>() + offset, a.miss.as<float>() + offset,
                            indices ? indices + first : nullptr, counts.anchors - first);
    const float* packed = scratch.anchors.image(n).panels + first * e.depth;
    stream_gradient(packed, panel, scratch.negatives.image(n), counts.negatives, Role::rest, 1.0f, gradient);
    stream_gradient(packed, panel, scratch.positives.image(n), counts.positives, role_of_positives(options),
                    share, gradient);
  }
  // A panel of positives or negatives.
  void column_panel(const Counts& counts, float share, Role role, const PackedRows& columns, std::int64_t n,
                    std::int64_t first, float* gradient) const {
    const ColumnPanel panel{a.log_sum.as<float>() + n * e.anchors, a.miss.as<float>() + n * e.anchors,
                            positives_of(a.inputs, e, options, n), first};
    stream_gradient(columns.panels + first * e.depth, panel, scratch.anchors.image(n), counts.anchors, role,
                    share, gradient);
  }
};

// Runs body(counts, n, first, gradient panel) for every panel of a set, and writes its rows' gradients. The
// packed rows are of this length; `factor` scales what body sums.
template <class T, class Body>
void for_each_panel(Context& context, const BackwardPass& pass, const PackedRows& set,
                    std::int64_t Counts::*count, float length, float factor, GradientMode mode, TensorView dz,
                    const Body& body) {
  if (mode == GradientMode::ignore || dz.elements() == 0) return;
  const std::int64_t rows = dz.shape[1], depth = dz.shape[2], panels = ceil_divide(rows, panel_rows);
  parallel_for(context.threads(), dz.shape[0] * panels, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t n = task / panels, first = task % panels * panel_rows,
                       all = HWY_MIN(rows - first, panel_rows);
    const Counts counts = counts_of(pass.a.inputs, pass.e, n);
    const std::int64_t present =
        contributes(counts, pass.options) ? std::clamp<std::int64_t>(counts.*count - first, 0, all) : 0;
    T* out = dz.as<T>() + (n * rows + first) * depth;
    store_zero_rows(all - present, depth, mode, out + present * depth);
    if (present == 0) return;
    const PackedRows image = set.image(n);
    float* gradient = image.gradient + first * depth;
    std::fill_n(gradient, panel_rows * depth, 0.0f);
    body(counts, n, first, gradient);
    const float weight = factor * pass.dloss_per_image / static_cast<float>(counts.anchors);
    through_normalization(image.panels + first * depth, length, image.inverse + first, weight, depth,
                          gradient);
    store_rows(gradient, present, depth, mode, out);
  });
}

}  // namespace attune::patch_infonce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_PATCH_INFONCE_BACKWARD_INL_H_
