// Backward of a part of an image's columns: they are streamed past all panels of anchors.
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

// Panels go in groups, past each of which a strip of columns comes once, with its gradient. A group of 8 is 768 KiB at a
// depth of 256 and stays in the second cache. Panel by panel, K = P = M = 4096 ran at 64 to 71 % of the peak, by 4 at 83 %,
// by 8 at 86 % (f32, one core of an EPYC 9004).
constexpr std::int64_t most_grouped = 8;

// A panel of anchors: packed, one after the other, and the part's sums of their gradient, like the packed ones; null where
// nobody asks.
struct GradientPanel {
  AnchorPanel anchors;
  const float *packed = nullptr, *rows = nullptr;
  float* gradient = nullptr;
};

struct PanelGroup {
  GradientPanel panels[most_grouped];
  std::int64_t count = 0;
};

// Columns of one set, what they are to the anchors, and their gradient, [capacity, stride]; null where nobody asks.
struct GradientColumns {
  PackedRows rows;
  std::int64_t count;
  Range strips;
  Role role;
  float share;
  float* gradient;
};

// One tile of logits is computed again and used for both sides' gradients.
HWY_INLINE void add_tile_gradient(const GradientPanel& panel, const GradientColumns& columns,
                                  const float* strip, std::int64_t column, std::int64_t present) {
  const Role role = columns.role;
  if (role == Role::one_positive && !any_positive(panel.anchors, column, present)) return;
  HWY_ALIGN float tile[tile_elements];
  const std::int64_t depth = columns.rows.depth, stride = columns.rows.stride;
  dot_tile(panel.packed, strip, depth, tile, StripRows());
  for (std::int64_t c = 0; c < strip_rows; ++c)
    for (std::int64_t half = 0; half < 2; ++half) {
      const V32 value =
          c < present ? hn::Mul(broadcast(columns.share), logit_gradient(role, logit(tile, c, half),
                                                                         panel.anchors.at(half, column + c)))
                      : zero();
      hn::Store(value, F32(), tile + c * panel_rows + half * vector_rows);
    }
  if (panel.gradient) add_outer_product(tile, strip, depth, panel.gradient, StripRows());
  if (columns.gradient)
    add_transposed_product(tile, panel.rows, stride, columns.gradient + column * stride, StripRows());
}

// Streams the columns past a group of panels.
inline void stream_gradient(const PanelGroup& group, const GradientColumns& columns) {
  for_each_strip(columns.rows, columns.count, columns.strips,
                 [&](const float* strip, std::int64_t column, std::int64_t present) HWY_ATTR {
                   for (std::int64_t p = 0; p < group.count; ++p)
                     add_tile_gradient(group.panels[p], columns, strip, column, present);
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

  // One part of image n's columns: their gradients whole, and the part's sums of the anchors' gradient.
  void part(std::int64_t n, std::int64_t part) const {
    const Counts counts = counts_of(a.inputs, e, n);
    if (!contributes(counts, options)) return;
    const Role role = role_of_positives(options);
    const float share = role == Role::positive_set ? 1.0f / static_cast<float>(counts.positives) : 1.0f;
    const std::int64_t before = strips_of(counts.negatives), all = before + strips_of(counts.positives);
    const Range strips = part_of(all, scratch.anchors.parts, part);
    const GradientColumns negatives =
        columns(scratch.negatives.image(n), counts.negatives, a.dnegatives_mode,
                {HWY_MIN(strips.begin, before), HWY_MIN(strips.end, before)}, Role::rest, 1.0f);
    const GradientColumns positives =
        columns(scratch.positives.image(n), counts.positives, a.dpositives_mode,
                {HWY_MAX(strips.begin - before, 0), HWY_MAX(strips.end - before, 0)}, role, share);
    const std::int64_t panels = ceil_divide(e.anchors, panel_rows);
    for (std::int64_t begin = 0; begin < panels; begin += most_grouped) {
      const PanelGroup group = panel_group(counts, n, part, {begin, HWY_MIN(panels, begin + most_grouped)});
      for (const GradientColumns* set : {&negatives, &positives})
        if (a.danchors_mode != GradientMode::ignore || set->gradient) stream_gradient(group, *set);
    }
  }

  // Panel p of image n's anchors: the parts' sums, added and taken to memory. The packed anchors are divided by the
  // temperature, and so is their gradient.
  template <class T>
  void store_anchors(std::int64_t n, std::int64_t p) const {
    const Counts counts = counts_of(a.inputs, e, n);
    const PackedRows anchors = scratch.anchors.image(n);
    const std::int64_t first = p * panel_rows, rows = HWY_MIN(e.anchors - first, panel_rows),
                       present = this->present(counts, first);
    T* out = a.danchors.as<T>() + (n * e.anchors + first) * e.depth;
    store_zero_rows(rows - present, e.depth, a.danchors_mode, out + present * e.depth);
    if (present == 0) return;
    float* gradient = anchors.gradient + first * e.depth;
    add_parts(anchors.parts, anchors.capacity * e.depth, e.depth, gradient);
    through_normalization(anchors.panels + first * e.depth, options.temperature, anchors.inverse + first,
                          weight(counts) / options.temperature, e.depth, gradient);
    store_rows(gradient, present, e.depth, a.danchors_mode, out);
  }

 private:
  // The gradient's rows of these strips are zeroed.
  static GradientColumns columns(const PackedRows& set, std::int64_t count, GradientMode mode, Range strips,
                                 Role role, float share) {
    if (mode == GradientMode::ignore) return {set, count, strips, role, share, nullptr};
    const std::int64_t strip_elements = strip_rows * set.stride;
    std::fill_n(set.gradient + strips.begin * strip_elements, (strips.end - strips.begin) * strip_elements,
                0.0f);
    return {set, count, strips, role, share, set.gradient};
  }

  // How many of the panel of image n that begins with anchor `first` take part.
  std::int64_t present(const Counts& counts, std::int64_t first) const {
    if (!contributes(counts, options)) return 0;
    return std::clamp<std::int64_t>(counts.anchors - first, 0, HWY_MIN(e.anchors - first, panel_rows));
  }

  // Those of the panels that have an anchor, the part's sums of their gradients zeroed.
  PanelGroup panel_group(const Counts& counts, std::int64_t n, std::int64_t part, const Range& panels) const {
    const PackedRows anchors = scratch.anchors.image(n);
    const std::int32_t* indices = positives_of(a.inputs, e, options, n);
    PanelGroup group;
    for (std::int64_t p = panels.begin; p < panels.end; ++p) {
      const std::int64_t first = p * panel_rows, offset = n * e.anchors + first;
      if (present(counts, first) == 0) continue;
      GradientPanel& panel = group.panels[group.count++];
      panel.anchors = AnchorPanel(a.log_sum.as<float>() + offset, a.miss.as<float>() + offset,
                                  indices ? indices + first : nullptr, counts.anchors - first);
      panel.packed = anchors.panels + first * e.depth;
      panel.rows = anchors.rows + first * anchors.stride;
      if (a.danchors_mode == GradientMode::ignore) continue;
      panel.gradient = anchors.gradient + (part * anchors.capacity + first) * e.depth;
      std::fill_n(panel.gradient, panel_rows * e.depth, 0.0f);
    }
    return group;
  }
};

// The gradient of one set of columns, taken to memory.
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
                                      depth, image.gradient + r * image.stride, mode,
                                      dz.as<T>() + (base + r) * depth);
    store_zero_rows(end - present, depth, mode, dz.as<T>() + (base + present) * depth);
  });
}

}  // namespace attune::patch_infonce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ATTUNE_KERNELS_PATCH_INFONCE_BACKWARD_INL_H_
