// A tile of 64 owner rows belongs to a block, which streams the other side past it in tiles of 64: logits live in
// registers. Forward keeps each anchor's running sums, backward each owner's gradient and computes the logits again. Where
// owners are few, the streamed side is cut into runs, a block each, whose parts a last kernel adds in order.
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
void launch_streams(Context& context, const Problem<T>& problem, const Stream<T>& first,
                    const Stream<T>* second, Partials<LogSum> rest, Partials<RowSum> partials) {
  const int splits = second ? std::max(first.splits, second->splits) : first.splits;
  launch("patch_infonce: stream_kernel", stream_of(context),
         grid_of(problem.images, splits * tiles_of(problem.anchors.capacity), second ? 2 : 1),
         dim3(block_threads), 0, stream_kernel<T, width, RowSum>, problem, first, second ? *second : first,
         rest, partials);
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
        scratch.rest, Tiles<T>::parts * (plan.negative_splits + (others ? plan.positive_splits : 0)),
        plan.anchors()};
    launch_streams<T, width>(context, problem, negatives, others ? &other_positives : nullptr, {}, rest);
    const Partials<PositiveSums> positives{scratch.positives, Tiles<T>::parts * plan.positive_splits,
                                           plan.anchors()};
    if (options.pairing == Pairing::set)
      launch_streams<T, width, PositiveSums>(
          context, problem, {problem.positives, plan.positive_splits, 0, false}, nullptr, rest, positives);
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
void backward_as(Context& context, const Backward& a, const Options& options, const Plan& plan) {
  const Scratch scratch(plan, context.workspace(Scratch(plan, nullptr).bytes()));
  const Extents& e = plan.e;
  const Problem<T> problem = problem_of<T>(a.inputs, options, e, scratch);
  GradientJobs<T> jobs = {};
  const std::int64_t count = list_jobs(a, options, plan, scratch, problem, jobs);
  if (count == 0) return;
  launch_inverse<T, width>(context, problem, e);
  std::int64_t blocks = 0;
  for (const GradientJob<T>& job : jobs.job)
    blocks =
        std::max(blocks, job.splits * divide_up(e.depth, Tiles<T>::slice) * tiles_of(job.owner.capacity));
  launch("patch_infonce: gradient_kernel", stream_of(context), grid_of(e.images, blocks, count),
         dim3(block_threads), 0, gradient_kernel<T, width>, problem, jobs,
         Saved{a.log_sum.as<float>(), a.miss.as<float>()});
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
  const Problem<T> problem =
      problem_of<T>({a.anchors, a.positives, {}, a.anchor_count, a.positive_count}, {1.0f}, plan.e, scratch);
  launch_inverse<T, width>(context, problem, plan.e);
  const Partials<Largest> partials{scratch.largest, Tiles<T>::parts * plan.positive_splits, plan.anchors()};
  launch_streams<T, width, Largest>(context, problem, {problem.positives, plan.positive_splits, 0, false},
                                    nullptr, {}, partials);
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

template <class T>
void forward_in(Context& context, const Forward& a, const Options& options, const Plan& plan) {
  rows_fit<T>(a.inputs) ? forward_as<T, vector_width<T>>(context, a, options, plan)
                        : forward_as<T, 1>(context, a, options, plan);
}
template <class T>
void backward_in(Context& context, const Backward& a, const Options& options, const Plan& plan) {
  rows_fit<T>(a.inputs) && gradient_fits(a.danchors, a.danchors_mode) &&
          gradient_fits(a.dpositives, a.dpositives_mode) && gradient_fits(a.dnegatives, a.dnegatives_mode)
      ? backward_as<T, vector_width<T>>(context, a, options, plan)
      : backward_as<T, 1>(context, a, options, plan);
}
template <class T>
void nearest_in(Context& context, const Nearest& a, const Plan& plan) {
  rows_fit<T>({a.anchors, a.positives}) ? nearest_as<T, vector_width<T>>(context, a, plan)
                                        : nearest_as<T, 1>(context, a, plan);
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
  const Plan plan(extents_of(a.inputs.anchors.shape, a.inputs.positives.shape, a.inputs.negatives.shape));
  with_element_type("patch_infonce", a.inputs.anchors.dtype,
                    [&](auto zero) { forward_in<decltype(zero)>(context, a, options, plan); });
}

void backward(Context& context, const Backward& a, const Options& options) {
  const Plan plan(extents_of(a.inputs.anchors.shape, a.inputs.positives.shape, a.inputs.negatives.shape));
  if (plan.e.images == 0 || plan.e.depth == 0) return;
  with_element_type("patch_infonce", a.inputs.anchors.dtype,
                    [&](auto zero) { backward_in<decltype(zero)>(context, a, options, plan); });
}

void nearest(Context& context, const Nearest& a) {
  const Plan plan(extents_of(a.anchors.shape, a.positives.shape));
  if (plan.anchors() == 0) return;
  with_element_type("patch_infonce", a.anchors.dtype,
                    [&](auto zero) { nearest_in<decltype(zero)>(context, a, plan); });
}

void same_index(Context& context, TensorView positive_index) {
  if (positive_index.elements() == 0) return;
  launch("patch_infonce: same_index_kernel", stream_of(context),
         dim3(flat_grid_blocks(positive_index.elements(), multiprocessor_count())), dim3(flat_grid_threads),
         0, same_index_kernel, positive_index.as<std::int32_t>(), positive_index.elements(),
         positive_index.shape[1]);
}

std::int64_t workspace_bytes(const Extents& extents) { return Scratch(Plan(extents), nullptr).bytes(); }

}  // namespace attune::patch_infonce::cuda
