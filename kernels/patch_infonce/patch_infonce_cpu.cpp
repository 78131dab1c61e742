// Rows are normalized and packed once; then a task owns one panel of rows (as many as two vectors have lanes) and
// streams the other side past it, a strip at a time: a register tile of logits, then what becomes of them. Forward
// streams the rest, then the positives, past panels of anchors. Backward computes each tile again: past panels of
// anchors for danchors, past panels of columns for dpositives and dnegatives, so that every sum has one owner.
#include "kernels/patch_infonce/patch_infonce.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/patch_infonce/patch_infonce_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"
#include "kernels/patch_infonce/logits-inl.h"
#include "kernels/patch_infonce/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::patch_infonce::HWY_NAMESPACE {

const std::int32_t* indices_of(const Inputs& a, const Options& options, const Extents& e, std::int64_t n) {
  return options.pairing == Pairing::indexed ? a.positive_index.as<std::int32_t>() + n * e.anchors : nullptr;
}

Role role_of_positives(const Options& options) {
  if (options.pairing == Pairing::set) return Role::positive_set;
  return options.other_positives_in_denominator ? Role::one_positive_and_rest : Role::one_positive;
}

// Forward of one panel of anchors.
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

double forward_panel(const Forward& a, const Options& options, const Extents& e, const Scratch& scratch,
                     std::int64_t n, std::int64_t first) {
  const Counts counts = counts_of(a.inputs, e, options, n);
  const std::int64_t rows = HWY_MIN(e.anchors - first, panel_rows);
  const std::int64_t present =
      counts.contributes ? std::clamp<std::int64_t>(counts.anchors - first, 0, rows) : 0;
  float* log_sum = a.log_sum.as<float>() + n * e.anchors + first;
  float* miss = a.miss.as<float>() + n * e.anchors + first;
  std::fill(log_sum + present, log_sum + rows, 0.0f);
  std::fill(miss + present, miss + rows, 0.0f);
  if (present == 0) return 0;

  const std::int32_t* indices = indices_of(a.inputs, options, e, n);
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

template <class T>
void forward(Context& context, const Forward& a, const Options& options) {
  const Inputs& in = a.inputs;
  const Extents e = extents_of(in.anchors, in.positives, in.negatives);
  const Scratch scratch(e, context.workspace(Scratch::bytes(e)));
  // The logits' 1 / temperature goes into the anchors.
  pack<T>(context, in.anchors, in.anchor_count, panel_rows, 1 / options.temperature, scratch.anchors);
  pack<T>(context, in.positives, in.positive_count, strip_rows, 1.0f, scratch.positives);
  pack<T>(context, in.negatives, in.negative_count, strip_rows, 1.0f, scratch.negatives);
  const std::int64_t panels = ceil_divide(e.anchors, panel_rows);
  parallel_for(context.threads(), e.images * panels, [&](std::int64_t task) HWY_ATTR {
    scratch.loss[task] = forward_panel(a, options, e, scratch, task / panels, task % panels * panel_rows);
  });

  double loss = 0;
  for (std::int64_t n = 0; n < e.images; ++n) {
    const Counts counts = counts_of(in, e, options, n);
    if (!counts.contributes) continue;
    double sum = 0;
    for (std::int64_t panel = 0; panel < panels; ++panel) sum += scratch.loss[n * panels + panel];
    loss += sum / static_cast<double>(counts.anchors);
  }
  const std::int64_t images = contributing_images(in, e, options);
  a.loss.as<float>()[0] = images > 0 ? static_cast<float>(loss / static_cast<double>(images)) : 0.0f;
}

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
    const std::int32_t* indices = indices_of(a.inputs, options, e, n);
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
                            indices_of(a.inputs, options, e, n), first};
    stream_gradient(columns.panels + first * e.depth, panel, scratch.anchors.image(n), counts.anchors, role,
                    share, gradient);
  }
};

// Runs body(counts, n, first, gradient panel) for every panel of a set, and writes its rows' gradients. The packed rows
// are of this length; `factor` scales what body sums.
template <class T, class Body>
void for_each_panel(Context& context, const BackwardPass& pass, const PackedRows& set,
                    std::int64_t Counts::*count, float length, float factor, GradientMode mode, TensorView dz,
                    const Body& body) {
  if (mode == GradientMode::ignore || dz.elements() == 0) return;
  const std::int64_t rows = dz.shape[1], depth = dz.shape[2], panels = ceil_divide(rows, panel_rows);
  parallel_for(context.threads(), dz.shape[0] * panels, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t n = task / panels, first = task % panels * panel_rows,
                       all = HWY_MIN(rows - first, panel_rows);
    const Counts counts = counts_of(pass.a.inputs, pass.e, pass.options, n);
    const std::int64_t present =
        counts.contributes ? std::clamp<std::int64_t>(counts.*count - first, 0, all) : 0;
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

template <class T>
void backward(Context& context, const Backward& a, const Options& options) {
  const Inputs& in = a.inputs;
  const Extents e = extents_of(in.anchors, in.positives, in.negatives);
  const std::int64_t images = contributing_images(in, e, options);
  const float dloss = images > 0 ? a.dloss.as<float>()[0] / static_cast<float>(images) : 0.0f;
  const BackwardPass pass{a, options, e, Scratch(e, context.workspace(Scratch::bytes(e))), dloss};
  const Scratch& scratch = pass.scratch;
  const float inverse_temperature = 1 / options.temperature;
  for (const std::int64_t width : {panel_rows, strip_rows}) {
    pack<T>(context, in.anchors, in.anchor_count, width, inverse_temperature, scratch.anchors);
    pack<T>(context, in.positives, in.positive_count, width, 1.0f, scratch.positives);
    pack<T>(context, in.negatives, in.negative_count, width, 1.0f, scratch.negatives);
  }

  const Role role = role_of_positives(options);
  const auto share_of = [role](const Counts& counts) {
    return role == Role::positive_set ? 1.0f / static_cast<float>(counts.positives) : 1.0f;
  };
  for_each_panel<T>(context, pass, scratch.anchors, &Counts::anchors, options.temperature,
                    inverse_temperature, a.danchors_mode, a.danchors,
                    [&](const Counts& counts, std::int64_t n, std::int64_t first, float* gradient)
                        HWY_ATTR { pass.anchor_panel(counts, share_of(counts), n, first, gradient); });
  for_each_panel<T>(
      context, pass, scratch.positives, &Counts::positives, 1.0f, 1.0f, a.dpositives_mode, a.dpositives,
      [&](const Counts& counts, std::int64_t n, std::int64_t first, float* gradient) HWY_ATTR {
        pass.column_panel(counts, share_of(counts), role, scratch.positives.image(n), n, first, gradient);
      });
  for_each_panel<T>(
      context, pass, scratch.negatives, &Counts::negatives, 1.0f, 1.0f, a.dnegatives_mode, a.dnegatives,
      [&](const Counts& counts, std::int64_t n, std::int64_t first, float* gradient) HWY_ATTR {
        pass.column_panel(counts, 1.0f, Role::rest, scratch.negatives.image(n), n, first, gradient);
      });
}

// The panel's anchors each keep the largest cosine so far and its column: the first of equals stays.
void nearest_panel(const float* panel, const PackedRows& positives, std::int64_t count, std::int64_t present,
                   std::int32_t* index) {
  const I32 i32;
  HWY_ALIGN float tile[tile_elements];
  HWY_ALIGN std::int32_t found[panel_rows];
  V32 best[] = {broadcast(excluded), broadcast(excluded)};
  hn::Vec<I32> column[] = {hn::Zero(i32), hn::Zero(i32)};
  for_each_strip(
      positives, count, [&](const float* strip, std::int64_t first, std::int64_t columns) HWY_ATTR {
        dot_tile(panel, strip, positives.depth, tile, StripRows());
        for (std::int64_t c = 0; c < columns; ++c)
          for (std::int64_t half = 0; half < 2; ++half) {
            const V32 cosine = logit(tile, c, half);
            const Mask32 larger = hn::Gt(cosine, best[half]);
            best[half] = hn::IfThenElse(larger, cosine, best[half]);
            column[half] = hn::IfThenElse(hn::RebindMask(i32, larger),
                                          hn::Set(i32, static_cast<std::int32_t>(first + c)), column[half]);
          }
      });
  for (std::int64_t half = 0; half < 2; ++half) hn::Store(column[half], i32, found + half * vector_rows);
  std::copy_n(found, present, index);
}

template <class T>
void nearest(Context& context, const Nearest& a) {
  const Extents e = extents_of(a.anchors, a.positives, {});
  const Scratch scratch(e, context.workspace(Scratch::bytes(e)));
  pack<T>(context, a.anchors, a.anchor_count, panel_rows, 1.0f, scratch.anchors);
  pack<T>(context, a.positives, a.positive_count, strip_rows, 1.0f, scratch.positives);
  const std::int64_t panels = ceil_divide(e.anchors, panel_rows);
  parallel_for(context.threads(), e.images * panels, [&](std::int64_t task) HWY_ATTR {
    const std::int64_t n = task / panels, first = task % panels * panel_rows;
    const std::int64_t rows = HWY_MIN(e.anchors - first, panel_rows);
    const std::int64_t present =
        std::clamp<std::int64_t>(counted(a.anchor_count, e.anchors, n) - first, 0, rows);
    auto* index = a.positive_index.as<std::int32_t>() + n * e.anchors + first;
    std::fill(index + present, index + rows, 0);
    if (present == 0) return;
    nearest_panel(scratch.anchors.image(n).panels + first * e.depth, scratch.positives.image(n),
                  counted(a.positive_count, e.positives, n), present, index);
  });
}

void forward_any(Context& context, const Forward& a, const Options& options) {
  a.inputs.anchors.dtype == DType::f32 ? forward<float>(context, a, options)
                                       : forward<bfloat16>(context, a, options);
}
void backward_any(Context& context, const Backward& a, const Options& options) {
  a.inputs.anchors.dtype == DType::f32 ? backward<float>(context, a, options)
                                       : backward<bfloat16>(context, a, options);
}
void nearest_any(Context& context, const Nearest& a) {
  a.anchors.dtype == DType::f32 ? nearest<float>(context, a) : nearest<bfloat16>(context, a);
}

}  // namespace attune::patch_infonce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::patch_infonce::cpu {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);
HWY_EXPORT(nearest_any);

namespace {

void require_storage(DType dtype) {
  require(dtype != DType::f64, ErrorKind::unsupported, "patch_infonce computes in f32 or bf16, not f64");
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  require_storage(a.inputs.anchors.dtype);
  HWY_DYNAMIC_DISPATCH(forward_any)(context, a, options);
}

void backward(Context& context, const Backward& a, const Options& options) {
  require_storage(a.inputs.anchors.dtype);
  HWY_DYNAMIC_DISPATCH(backward_any)(context, a, options);
}

void nearest(Context& context, const Nearest& a) {
  require_storage(a.anchors.dtype);
  HWY_DYNAMIC_DISPATCH(nearest_any)(context, a);
}

std::int64_t workspace_bytes(const Extents& extents) { return Scratch::bytes(extents); }

}  // namespace attune::patch_infonce::cpu
#endif
