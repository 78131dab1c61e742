// A tile of 64 owner rows belongs to a block, which streams the other side past it in tiles of 64: logits live in
// registers. Forward keeps each anchor's running sums, backward each owner's gradient and computes the logits again. Where
// owners are few, the streamed side is cut into runs, a block each, whose parts a last kernel adds in order. Aligned bf16 rows
// of some depths go through larger tiles, whose owners registers hold (held_rows.cuh).
#include "kernels/patch_infonce/patch_infonce.h"

#include "core/cuda/element_type.h"
#include "core/cuda/flat_grid.cuh"
#include "kernels/patch_infonce/plan.cuh"

namespace attune::patch_infonce::cuda {

namespace {

template <class T>
RowSet<T> row_set(ConstTensorView rows, ConstTensorView count, float* inverse) {
  if (rows.shape.rank() == 0) return {nullptr, nullptr, inverse, 0};
  return {rows.as<T>(), count.empty() ? nullptr : count.as<std::int32_t>(), inverse, rows.shape[1]};
}

template <class T>
Problem<T> problem_of(const Inputs& a, const Options& options, const Extents& e, const Scratch& scratch) {
  Problem<T> problem;
  problem.anchors = row_set<T>(a.anchors, a.anchor_count, scratch.inverse_of_anchors);
  problem.positives = row_set<T>(a.positives, a.positive_count, scratch.inverse_of_positives);
  problem.negatives = row_set<T>(a.negatives, a.negative_count, scratch.inverse_of_negatives);
  problem.positive_index =
      options.pairing == Pairing::indexed ? a.positive_index.as<std::int32_t>() : nullptr;
  problem.images = e.images;
  problem.depth = checked_cast<int>(e.depth);
  problem.inverse_temperature = 1 / options.temperature;
  problem.scale = log2_e / options.temperature;
  problem.other_positives_in_denominator = options.other_positives_in_denominator;
  return problem;
}

dim3 grid_of(std::int64_t images, std::int64_t blocks, std::int64_t layers) {
  return {checked_cast<unsigned>(images), checked_cast<unsigned>(std::max<std::int64_t>(1, blocks)),
          checked_cast<unsigned>(layers)};
}
dim3 grid_of_warps(const Extents& e, std::int64_t rows, std::int64_t layers) {
  return grid_of(e.images, divide_up(rows, rows_per_block), layers);
}
std::int64_t most_rows(const Extents& e) { return std::max({e.anchors, e.positives, e.negatives}); }

template <class T, int width>
void launch_inverse(Context& context, const Problem<T>& problem, const Extents& e) {
  launch("patch_infonce: inverse_kernel", stream_of(context), grid_of_warps(e, most_rows(e), 3),
         dim3(block_threads), 0, inverse_kernel<T, width>, problem);
}

// One stream, or two where `second` is not null.
template <class T, int width, class RowSum>
void launch_streams(Context& context, const Plan& plan, const Problem<T>& problem, const Stream<T>& first,
                    const Stream<T>* second, Partials<LogSum> rest, Partials<RowSum> partials) {
  const int splits = second ? std::max(first.splits, second->splits) : first.splits;
  const auto grid = [&](int owners) {
    return grid_of(problem.images, splits * tiles_of(problem.anchors.capacity, owners), second ? 2 : 1);
  };
  if constexpr (std::is_same_v<T, bfloat16> && width > 1)
    if (plan.holds)
      return with_held_depth(problem.depth, [&](auto depth) {
        using Layout = HeldStream<decltype(depth)::value>;
        launch("patch_infonce: held_stream_kernel", stream_of(context), grid(Layout::owners),
               dim3(Layout::threads), 0, held_stream_kernel<Layout, RowSum>, problem, first,
               second ? *second : first, rest, partials);
      });
  launch("patch_infonce: stream_kernel", stream_of(context), grid(tile), dim3(block_threads), 0,
         stream_kernel<T, width, RowSum>, problem, first, second ? *second : first, rest, partials);
}

template <class T, int width>
void forward_as(Context& context, const Forward& a, const Options& options, const Plan& plan) {
  const Scratch scratch(plan, context.workspace(Scratch(plan, nullptr).bytes()));
  const Extents& e = plan.e;
  const Problem<T> problem = problem_of<T>(a.inputs, options, e, scratch);
  if (plan.anchors() > 0) {
    launch_inverse<T, width>(context, problem, e);
    const bool others = options.other_positives_in_denominator;
    const Stream<T> negatives{problem.negatives, plan.negative_splits, 0, false};
    const Stream<T> other_positives{problem.positives, plan.positive_splits, plan.negative_splits, true};
    const Partials<LogSum> rest{
        scratch.rest, plan.parts<T>() * (plan.negative_splits + (others ? plan.positive_splits : 0)),
        plan.anchors()};
    launch_streams<T, width>(context, plan, problem, negatives, others ? &other_positives : nullptr, {},
                             rest);
    const Partials<PositiveSums> positives{scratch.positives, plan.parts<T>() * plan.positive_splits,
                                           plan.anchors()};
    if (options.pairing == Pairing::set)
      launch_streams<T, width, PositiveSums>(context, plan, problem,
                                             {problem.positives, plan.positive_splits, 0, false}, nullptr,
                                             rest, positives);
    launch("patch_infonce: anchors_kernel", stream_of(context), grid_of_warps(e, e.anchors, 1),
           dim3(block_threads), 0, anchors_kernel<T, width>, problem, rest, positives,
           AnchorResults{a.log_sum.as<float>(), a.miss.as<float>(), scratch.loss});
  }
  launch("patch_infonce: loss_kernel", stream_of(context), dim3(1), dim3(block_threads), 0, loss_kernel<T>,
         problem, scratch.loss, a.loss.as<float>());
}

bool asked_for(TensorView dz, GradientMode mode) {
  return mode != GradientMode::ignore && dz.shape.rank() > 0 && dz.elements() > 0;
}

// The jobs of the gradients that are asked for, at the front.
template <class T>
std::int64_t list_jobs(const Backward& a, const Options& options, const Plan& plan, const Scratch& scratch,
                       const Problem<T>& problem, GradientJobs<T>& jobs) {
  const Role role = role_of_positives(options);
  std::int64_t count = 0;
  if (asked_for(a.danchors, a.danchors_mode)) {
    float* const of_positives =
        scratch.danchors + plan.anchor_negative_splits * plan.anchors() * plan.e.depth;
    jobs.job[count++] = {problem.anchors, problem.negatives,           true,
                         Role::rest,      plan.anchor_negative_splits, scratch.danchors};
    jobs.job[count++] = {problem.anchors, problem.positives, true, role, plan.anchor_positive_splits,
                         of_positives};
  }
  if (asked_for(a.dpositives, a.dpositives_mode))
    jobs.job[count++] = {problem.positives,           problem.anchors,   false, role,
                         plan.positive_anchor_splits, scratch.dpositives};
  if (asked_for(a.dnegatives, a.dnegatives_mode))
    jobs.job[count++] = {problem.negatives,           problem.anchors,   false, Role::rest,
                         plan.negative_anchor_splits, scratch.dnegatives};
  return count;
}

template <class T>
SetGradient<T> set_gradient(float* partials, int parts, TensorView dz, GradientMode mode) {
  if (!asked_for(dz, mode)) return {nullptr, 0, nullptr, GradientMode::ignore};
  return {partials, parts, dz.as<T>(), mode};
}

template <class T, int width>
void launch_gradients(Context& context, const Plan& plan, const Problem<T>& problem,
                      const GradientJobs<T>& jobs, std::int64_t count, const Saved& saved) {
  const auto grid = [&](std::int64_t slices, int owners) {
    std::int64_t blocks = 0;
    for (const GradientJob<T>& job : jobs.job)
      blocks = std::max(blocks, job.splits * slices * tiles_of(job.owner.capacity, owners));
    return grid_of(plan.e.images, blocks, count);
  };
  if constexpr (std::is_same_v<T, bfloat16> && width > 1)
    if (plan.holds)
      return with_held_depth(problem.depth, [&](auto depth) {
        using Layout = HeldGradient<decltype(depth)::value>;
        launch(
            "patch_infonce: held_gradient_kernel", stream_of(context), grid(1, Layout::owners),
            dim3(Layout::threads), 0,
            problem.positive_index ? held_gradient_kernel<Layout, true> : held_gradient_kernel<Layout, false>,
            problem, jobs, saved);
      });
  launch("patch_infonce: gradient_kernel", stream_of(context),
         grid(divide_up(plan.e.depth, Tiles<T>::slice), tile), dim3(block_threads), 0,
         gradient_kernel<T, width>, problem, jobs, saved);
}

template <class T, int width>
void backward_as(Context& context, const Backward& a, const Options& options, const Plan& plan) {
  const Scratch scratch(plan, context.workspace(Scratch(plan, nullptr).bytes()));
  const Extents& e = plan.e;
  const Problem<T> problem = problem_of<T>(a.inputs, options, e, scratch);
  GradientJobs<T> jobs = {};
  const std::int64_t count = list_jobs(a, options, plan, scratch, problem, jobs);
  if (count == 0) return;
  launch_inverse<T, width>(context, problem, e);
  launch_gradients<T, width>(context, plan, problem, jobs, count,
                             {a.log_sum.as<float>(), a.miss.as<float>()});
  const SetGradients<T> gradients = {
      {set_gradient<T>(scratch.danchors, plan.anchor_negative_splits + plan.anchor_positive_splits,
                       a.danchors, a.danchors_mode),
       set_gradient<T>(scratch.dpositives, plan.positive_anchor_splits, a.dpositives, a.dpositives_mode),
       set_gradient<T>(scratch.dnegatives, plan.negative_anchor_splits, a.dnegatives, a.dnegatives_mode)}};
  launch("patch_infonce: finish_gradient_kernel", stream_of(context), grid_of_warps(e, most_rows(e), 3),
         dim3(block_threads), 0, finish_gradient_kernel<T, width>, problem, gradients, a.dloss.as<float>());
}

template <class T, int width>
void nearest_as(Context& context, const Nearest& a, const Plan& plan) {
  const Scratch scratch(plan, context.workspace(Scratch(plan, nullptr).bytes()));
  Problem<T> problem =
      problem_of<T>({a.anchors, a.positives, {}, a.anchor_count, a.positive_count}, {}, plan.e, scratch);
  problem.scale = 1;
  launch_inverse<T, width>(context, problem, plan.e);
  const Partials<Largest> partials{scratch.largest, plan.parts<T>() * plan.positive_splits, plan.anchors()};
  launch_streams<T, width, Largest>(
      context, plan, problem, {problem.positives, plan.positive_splits, 0, false}, nullptr, {}, partials);
  launch("patch_infonce: nearest_kernel", stream_of(context),
         grid_of(plan.e.images, divide_up(plan.e.anchors, block_threads), 1), dim3(block_threads), 0,
         nearest_kernel<T>, problem, partials, a.positive_index.as<std::int32_t>());
}

template <class T>
bool rows_fit(const Inputs& a) {
  return vectors_fit<T>(a.anchors.data, a.anchors.shape[2]) && aligned_to_vector(a.positives.data) &&
         aligned_to_vector(a.negatives.data);
}
bool gradient_fits(TensorView dz, GradientMode mode) {
  return mode == GradientMode::ignore || aligned_to_vector(dz.data);
}

// use(the elements that a thread takes at a time, the plan).
template <class T, class Use>
void with_width(const Extents& e, bool fits, const Use& use) {
  if (fits)
    use(std::integral_constant<int, vector_width<T>>(),
        Plan(e, std::is_same_v<T, bfloat16> && can_hold(e.depth)));
  else
    use(std::integral_constant<int, 1>(), Plan(e, false));
}

template <class T>
void forward_in(Context& context, const Forward& a, const Options& options, const Extents& e) {
  with_width<T>(e, rows_fit<T>(a.inputs), [&](auto width, const Plan& plan) {
    forward_as<T, decltype(width)::value>(context, a, options, plan);
  });
}
template <class T>
void backward_in(Context& context, const Backward& a, const Options& options, const Extents& e) {
  const bool fits = rows_fit<T>(a.inputs) && gradient_fits(a.danchors, a.danchors_mode) &&
                    gradient_fits(a.dpositives, a.dpositives_mode) &&
                    gradient_fits(a.dnegatives, a.dnegatives_mode);
  with_width<T>(e, fits, [&](auto width, const Plan& plan) {
    backward_as<T, decltype(width)::value>(context, a, options, plan);
  });
}
template <class T>
void nearest_in(Context& context, const Nearest& a, const Extents& e) {
  with_width<T>(e, rows_fit<T>({a.anchors, a.positives}), [&](auto width, const Plan& plan) {
    nearest_as<T, decltype(width)::value>(context, a, plan);
  });
}

// Anchor i's positive is row i.
__global__ void __launch_bounds__(flat_grid_threads)
    same_index_kernel(std::int32_t* __restrict__ positive_index, std::int64_t elements,
                      std::int64_t anchors) {
  for (std::int64_t i = flat_grid_first(); i < elements; i += flat_grid_step())
    positive_index[i] = static_cast<std::int32_t>(i % anchors);
}

}  // namespace

void forward(Context& context, const Forward& a, const Options& options) {
  const Extents e = extents_of(a.inputs.anchors.shape, a.inputs.positives.shape, a.inputs.negatives.shape);
  with_element_type("patch_infonce", a.inputs.anchors.dtype,
                    [&](auto zero) { forward_in<decltype(zero)>(context, a, options, e); });
}

void backward(Context& context, const Backward& a, const Options& options) {
  const Extents e = extents_of(a.inputs.anchors.shape, a.inputs.positives.shape, a.inputs.negatives.shape);
  if (e.images == 0 || e.depth == 0) return;
  with_element_type("patch_infonce", a.inputs.anchors.dtype,
                    [&](auto zero) { backward_in<decltype(zero)>(context, a, options, e); });
}

void nearest(Context& context, const Nearest& a) {
  const Extents e = extents_of(a.anchors.shape, a.positives.shape);
  if (e.images == 0 || e.anchors == 0) return;
  with_element_type("patch_infonce", a.anchors.dtype,
                    [&](auto zero) { nearest_in<decltype(zero)>(context, a, e); });
}

void same_index(Context& context, TensorView positive_index) {
  if (positive_index.elements() == 0) return;
  launch("patch_infonce: same_index_kernel", stream_of(context),
         dim3(flat_grid_blocks(positive_index.elements(), multiprocessor_count())), dim3(flat_grid_threads),
         0, same_index_kernel, positive_index.as<std::int32_t>(), positive_index.elements(),
         positive_index.shape[1]);
}

std::int64_t workspace_bytes(const Extents& extents) {
  const std::int64_t tiled = Scratch(Plan(extents, false), nullptr).bytes();
  return can_hold(extents.depth) ? std::max(tiled, Scratch(Plan(extents, true), nullptr).bytes()) : tiled;
}

}  // namespace attune::patch_infonce::cuda
