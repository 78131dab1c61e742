// Backward of a slab of anchors: the columns are streamed past each of its panels.
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

// What the tiles of one panel of anchors add to; null where nobody asks.
struct PanelGradients {
  float* anchors;    // like the panel
  float* positives;  // [capacity, stride] each: the slab's sums
  float* negatives;
};

// Streams a set's columns past one panel of anchors, each tile of logits computed again and used for both sides' gradients.
inline void stream_gradient(const PackedRows& anchors, std::int64_t first, const AnchorPanel& panel,
                            const PackedRows& columns, std::int64_t count, Role role, float share,
                            float* anchor_gradient, float* column_gradient) {
  if (!anchor_gradient && !column_gradient) return;
  HWY_ALIGN float tile[tile_elements];
  const std::int64_t depth = anchors.depth, stride = anchors.stride;
  const float *packed = anchors.panels + first * depth, *rows = anchors.rows + first * stride;
  for_each_strip(columns, count, [&](const float* strip, std::int64_t column, std::int64_t present) HWY_ATTR {
    if (role == Role::one_positive && !any_positive(panel, column, present)) return;
    dot_tile(packed, strip, depth, tile, StripRows());
    for (std::int64_t c = 0; c < strip_rows; ++c)
      for (std::int64_t half = 0; half < 2; ++half) {
        const V32 value = c < present ? hn::Mul(broadcast(share), logit_gradient(role, logit(tile, c, half),
                                                                                 panel.at(half, column + c)))
                                      : zero();
        hn::Store(value, F32(), tile + c * panel_rows + half * vector_rows);
      }
    if (anchor_gradient) add_outer_product(tile, strip, depth, anchor_gradient, StripRows());
    if (column_gradient)
      add_transposed_product(tile, rows, stride, column_gradient + column * stride, StripRows());
  });
}

// What all of backward's tasks share.
struct BackwardPass {
  const Backward& a;
  const Options& options;
  Extents e;
  Scratch scratch;
  float dloss_per_image;  // dL over the number of contributing images

  float weight(const Counts& counts) const { return dloss_per_image / static_cast<float>(counts.anchors); }

  // A slab's sums of a set's gradient in image n, zeroed; null where it is not asked for.
  float* column_sums(const PackedRows& set, GradientMode mode, std::int64_t count, std::int64_t n,
                     std::int64_t slab) const {
    if (mode == GradientMode::ignore) return nullptr;
    float* sums = set.image(n).gradient + slab * set.capacity * set.stride;
    std::fill_n(sums, ceil_divide(count, strip_rows) * strip_rows * set.stride, 0.0f);
    return sums;
  }

  // The panels of one slab of image n's anchors: danchors whole, and the slab's part of the columns' gradients.
  template <class T>
  void slab(std::int64_t n, std::int64_t slab) const {
    const Counts counts = counts_of(a.inputs, e, n);
    const bool contributing = contributes(counts, options);
    const PackedRows anchors = scratch.anchors.image(n);
    float* const dpositives = column_sums(scratch.positives, a.dpositives_mode, counts.positives, n, slab);
    float* const dnegatives = column_sums(scratch.negatives, a.dnegatives_mode, counts.negatives, n, slab);
    const Range panels = part_of(ceil_divide(e.anchors, panel_rows), scratch.positives.slabs, slab);
    for (std::int64_t p = panels.begin; p < panels.end; ++p) {
      const std::int64_t first = p * panel_rows, rows = HWY_MIN(e.anchors - first, panel_rows);
      const std::int64_t present =
          contributing ? std::clamp<std::int64_t>(counts.anchors - first, 0, rows) : 0;
      float* gradient = nullptr;
      if (a.danchors_mode != GradientMode::ignore) {
        gradient = anchors.gradient + first * e.depth;
        std::fill_n(gradient, panel_rows * e.depth, 0.0f);
      }
      if (present > 0) panel(counts, anchors, n, first, {gradient, dpositives, dnegatives});
      if (gradient) store_anchors<T>(counts, anchors, n, first, rows, present);
    }
  }

 private:
  void panel(const Counts& counts, const PackedRows& anchors, std::int64_t n, std::int64_t first,
             const PanelGradients& gradients) const {
    const std::int64_t offset = n * e.anchors + first;
    const std::int32_t* indices = positives_of(a.inputs, e, options, n);
    const AnchorPanel panel(a.log_sum.as<float>() + offset, a.miss.as<float>() + offset,
                            indices ? indices + first : nullptr, counts.anchors - first);
    const Role role = role_of_positives(options);
    const float share = role == Role::positive_set ? 1.0f / static_cast<float>(counts.positives) : 1.0f;
    stream_gradient(anchors, first, panel, scratch.negatives.image(n), counts.negatives, Role::rest, 1.0f,
                    gradients.anchors, gradients.negatives);
    stream_gradient(anchors, first, panel, scratch.positives.image(n), counts.positives, role, share,
                    gradients.anchors, gradients.positives);
  }

  // The packed anchors are divided by the temperature, and so is their gradient.
  template <class T>
  void store_anchors(const Counts& counts, const PackedRows& anchors, std::int64_t n, std::int64_t first,
                     std::int64_t rows, std::int64_t present) const {
    float* gradient = anchors.gradient + first * e.depth;
    T* out = a.danchors.as<T>() + (n * e.anchors + first) * e.depth;
    store_zero_rows(rows - present, e.depth, a.danchors_mode, out + present * e.depth);
    if (present == 0) return;
    through_normalization(anchors.panels + first * e.depth, options.temperature, anchors.inverse + first,
                          weight(counts) / options.temperature, e.depth, gradient);
    store_rows(gradient, present, e.depth, a.danchors_mode, out);
  }
};

// The slabs' sums of one set of columns, added and taken to memory.
template <class T>
void store_columns(Context& context, const BackwardPass& pass, ConstTensorView z, std::int64_t Counts::*count,
                   const PackedRows& set, GradientMode mode, TensorView dz) {
  if (mode == GradientMode::ignore || dz.elements() == 0) return;
  const std::int64_t rows = dz.shape[1], depth = dz.shape[2], blocks = ceil_divide(rows, panel_rows);
  parallel_for(context.threads(), dz.shape[0] * blocks, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t n = task / blocks, first = task % blocks * panel_rows,
                       end = HWY_MIN(rows, first + panel_rows);
    const Counts counts = counts_of(pass.a.inputs, pass.e, n);
    const std::int64_t present =
        contributes(counts, pass.options) ? std::clamp<std::int64_t>(counts.*count, first, end) : first;
    const PackedRows image = set.image(n);
    const std::int64_t base = n * rows;
    for (std::int64_t r = first; r < present; ++r)
      store_row_through_normalization(z.as<T>() + (base + r) * depth, image.inverse[r], pass.weight(counts),
                                      depth, image.gradient + r * image.stride, image.slabs,
                                      image.capacity * image.stride, mode, dz.as<T>() + (base + r) * depth);
    store_zero_rows(end - present, depth, mode, dz.as<T>() + (base + present) * depth);
  });
}

}  // namespace attune::patch_infonce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_PATCH_INFONCE_BACKWARD_INL_H_
