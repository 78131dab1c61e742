// Rows are normalized and packed once; then panels of anchors (as many as two vectors have lanes) have the columns streamed
// past them, a strip at a time: a register tile of logits, then what becomes of them. Forward streams the rest, then the
// positives; a task is a panel. Backward computes each tile again, once for both sides' gradients; a task is a part of the
// columns, with sums of its own for the anchors, which are added in order afterwards.
#include "kernels/patch_infonce/patch_infonce.h"

#include <algorithm>

#include "core/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/patch_infonce/patch_infonce_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"
#include "kernels/patch_infonce/backward-inl.h"
#include "kernels/patch_infonce/forward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::patch_infonce::HWY_NAMESPACE {

template <class T>
void forward(Context& context, const Forward& a, const Options& options) {
  const Inputs& in = a.inputs;
  const Extents e = extents_of(in.anchors.shape, in.positives.shape, in.negatives.shape);
  const Scratch scratch(e, context.workspace(Scratch::bytes(e)));
  // The logits' 1 / temperature goes into the anchors.
  pack<T>(context, in.anchors, in.anchor_count, 1 / options.temperature, false, scratch.anchors);
  pack<T>(context, in.positives, in.positive_count, 1.0f, false, scratch.positives);
  pack<T>(context, in.negatives, in.negative_count, 1.0f, false, scratch.negatives);
  const std::int64_t panels = ceil_divide(e.anchors, panel_rows);
  parallel_for(context.threads(), e.images * panels, [&](std::int64_t task) HWY_ATTR {
    scratch.loss[task] = forward_panel(a, options, e, scratch, task / panels, task % panels * panel_rows);
  });

  double loss = 0;
  for (std::int64_t n = 0; n < e.images; ++n) {
    const Counts counts = counts_of(in, e, n);
    if (!contributes(counts, options)) continue;
    double sum = 0;
    for (std::int64_t panel = 0; panel < panels; ++panel) sum += scratch.loss[n * panels + panel];
    loss += sum / static_cast<double>(counts.anchors);
  }
  const std::int64_t images = contributing_images(in, e, options);
  a.loss.as<float>()[0] = images > 0 ? static_cast<float>(loss / static_cast<double>(images)) : 0.0f;
}

template <class T>
void backward(Context& context, const Backward& a, const Options& options) {
  const Inputs& in = a.inputs;
  const Extents e = extents_of(in.anchors.shape, in.positives.shape, in.negatives.shape);
  const std::int64_t images = contributing_images(in, e, options);
  const float dloss = images > 0 ? a.dloss.as<float>()[0] / static_cast<float>(images) : 0.0f;
  const BackwardPass pass{a, options, e, Scratch(e, context.workspace(Scratch::bytes(e))), dloss};
  const Scratch& scratch = pass.scratch;
  pack<T>(context, in.anchors, in.anchor_count, 1 / options.temperature, true, scratch.anchors);
  pack<T>(context, in.positives, in.positive_count, 1.0f, true, scratch.positives);
  pack<T>(context, in.negatives, in.negative_count, 1.0f, true, scratch.negatives);
  const std::int64_t parts = scratch.anchors.parts, panels = ceil_divide(e.anchors, panel_rows);
  parallel_for(context.threads(), e.images * parts,
               [&](std::int64_t task) HWY_ATTR { pass.part(task / parts, task % parts); });
  if (a.danchors_mode != GradientMode::ignore)
    parallel_for(context.threads(), e.images * panels,
                 [&](std::int64_t task) HWY_ATTR { pass.store_anchors<T>(task / panels, task % panels); });
  store_columns<T>(context, pass, in.positives, &Counts::positives, scratch.positives, a.dpositives_mode,
                   a.dpositives);
  store_columns<T>(context, pass, in.negatives, &Counts::negatives, scratch.negatives, a.dnegatives_mode,
                   a.dnegatives);
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
  const Extents e = extents_of(a.anchors.shape, a.positives.shape);
  const Scratch scratch(e, context.workspace(Scratch::bytes(e)));
  pack<T>(context, a.anchors, a.anchor_count, 1.0f, false, scratch.anchors);
  pack<T>(context, a.positives, a.positive_count, 1.0f, false, scratch.positives);
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

void same_index(Context&, TensorView positive_index) {
  const std::int64_t anchors = positive_index.shape[1];
  for (std::int64_t i = 0; i < positive_index.elements(); ++i)
    positive_index.as<std::int32_t>()[i] = static_cast<std::int32_t>(i % anchors);
}

std::int64_t workspace_bytes(const Extents& extents) { return Scratch::bytes(extents); }

}  // namespace attune::patch_infonce::cpu
#endif
