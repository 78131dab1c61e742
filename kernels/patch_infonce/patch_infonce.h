// Patch InfoNCE: pulls every anchor patch towards its positives and away from its negatives, in the cosine of
// their features. The region-wise contrastive loss is made of it. The K x (P + M) logits are never stored.
//
// Forward, per image, with rows a_i (K), p_j (P), n_m (M) of D features, ^z = z / max(|z|, 1e-7) and the
// logits s(u, v) = <^u, ^v> / temperature:
//
//     R_i    = sum of e^{s(a_i, r)} over the rest r: the rows of the denominator other than the positive
//     L_ij   = -log( e^{s(a_i, p_j)} / (e^{s(a_i, p_j)} + R_i) ) = log(1 + e^{log R_i - s(a_i, p_j)})
//     set:     L_i = mean_j L_ij             every p_j is a positive; the rest is all n_m
//     indexed: L_i = L_i,pos(i)              the rest is all n_m and, where asked, the other p_j
//     L      = mean over the contributing images of mean_i L_i
//
// Backward, with upstream dL, q_ij = R_i / (e^{s(a_i, p_j)} + R_i) = dL_ij / dlog R_i, the probability that
// misses the positive, and miss_i = mean_j q_ij (indexed: q_i,pos(i)):
//
//     positive: dL_i/ds(a_i, p_j) = -q_ij / P                      (indexed: -miss_i)
//     rest:     dL_i/ds(a_i, r)   = miss_i e^{s(a_i, r)} / R_i
//     rows:     d^u = sum_v ds(u, v) ^v / temperature,    du = (d^u - ^u <^u, d^u>) / |u|
//
// so that log R_i and miss_i, two numbers an anchor, are all that backward needs besides the inputs.
//
// Degenerate cases. An image contributes where it has an anchor, a positive and something to tell the
// positive from: in set mode a negative; in indexed mode a negative or, where asked, a second positive. Other
// images have no loss (it would be 0 whatever the features are), no gradient, and do not enter the mean. None
// contributes: L = 0. A row with |z| <= 1e-7 has no direction: it enters with the formula above, and gets no
// gradient (its derivative, 1e7 times that of a unit row, would drown all others where a dark region's
// features are exactly 0).
//
// | argument       | shape     | dtype     |                                                              |
// | anchors        | [N, K, D] | f32, bf16 | in; finite, |z|^2 within f32                                 |
// | positives      | [N, P, D] | as these  | in                                                           |
// | negatives      | [N, M, D] | as these  | in; an empty view is M = 0                                   |
// | *_count        | [N]       | i32       | in; leading rows that count, 0..rows; an empty view: all     |
// | positive_index | [N, K]    | i32       | in, indexed mode; each below the image's number of positives |
// | loss, dloss    | [1]       | f32       | out (overwrite); in                                          |
// | log_sum, miss  | [N, K]    | f32       | out (overwrite): log R_i, miss_i; 0 in rows that don't count |
// | danchors, ...  | as theirs | as theirs | overwrite or accumulate as *_mode says; uncounted rows get 0 |
//
// Outputs alias nothing. K, P, M, N and D may be 0.
//
// Numbers: logits, exponentials and sums in f32, with running maxima, so that temperature 0.01 does not
// overflow; the loss's last sums in f64. Deterministic for any number of threads: each sum has its order.
//
// Errors: ErrorKind::argument on a shape, dtype or device that differs from the table, a temperature that is not
// positive, or other positives asked for in set mode; nothing is written then.
// Thread-safe for distinct contexts.
// Source: math.md, 4; van den Oord et al., arXiv 1807.03748; Park et al., CUT, arXiv 2007.15651
// (there the positive is one of the candidates: indexed mode with the other positives).
#pragma once

#include "core/context.h"
#include "core/cost.h"
#include "core/tensor.h"

namespace attune::patch_infonce {

inline constexpr float minimum_length = 1e-7f;

enum class Pairing : std::uint8_t { set, indexed };

struct Options {
  float temperature = 0.07f;
  Pairing pairing = Pairing::set;
  bool other_positives_in_denominator = false;  // indexed mode only
};

struct Inputs {
  ConstTensorView anchors, positives, negatives = {};
  ConstTensorView anchor_count = {}, positive_count = {}, negative_count = {};
  ConstTensorView positive_index = {};
};

struct Forward {
  Inputs inputs;
  TensorView loss, log_sum, miss;
};

struct Backward {
  Inputs inputs;
  ConstTensorView log_sum, miss;  // as forward wrote them
  ConstTensorView dloss;
  TensorView danchors, dpositives, dnegatives;
  GradientMode danchors_mode = GradientMode::overwrite;
  GradientMode dpositives_mode = GradientMode::overwrite;
  GradientMode dnegatives_mode = GradientMode::overwrite;
};

// positive_index(n, i) = the j < positive_count(n) with the largest cosine <^a_i, ^p_j>, the smallest such j;
// 0 in rows that don't count and in images without positives. For indexed mode; backward takes it as
// constant.
struct Nearest {
  ConstTensorView anchors, positives;
  ConstTensorView anchor_count, positive_count;
  TensorView positive_index;  // [N, K] i32, overwritten
};

void forward(Context& context, const Forward& arguments, const Options& options = {});
void backward(Context& context, const Backward& arguments, const Options& options = {});
void nearest(Context& context, const Nearest& arguments);

// positive_index(n, i) = i, [N, K] i32: anchors and positives that belong together row by row.
void same_index(Context& context, TensorView positive_index);

struct Extents {
  std::int64_t images = 0, anchors = 0, positives = 0, negatives = 0, depth = 0;  // N, K, P, M, D
};

// `negatives` of rank 0 where there are none.
inline Extents extents_of(const Shape& anchors, const Shape& positives, const Shape& negatives = {}) {
  return {anchors[0], anchors[1], positives[1], negatives.rank() > 0 ? negatives[1] : 0, anchors[2]};
}

// Scratch that each of the three takes from the context at most; a graph reserves it ahead.
std::int64_t workspace_bytes(const Extents& extents, Device device);

Cost forward_cost(const Extents& extents, DType dtype, const Options& options = {});
Cost backward_cost(const Extents& extents, DType dtype, const Options& options = {});

// The bodies that forward, backward and nearest dispatch to after their checks.
namespace cpu {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
void nearest(Context& context, const Nearest& arguments);
void same_index(Context& context, TensorView positive_index);
std::int64_t workspace_bytes(const Extents& extents);
}  // namespace cpu
namespace cuda {
void forward(Context& context, const Forward& arguments, const Options& options);
void backward(Context& context, const Backward& arguments, const Options& options);
void nearest(Context& context, const Nearest& arguments);
void same_index(Context& context, TensorView positive_index);
std::int64_t workspace_bytes(const Extents& extents);
}  // namespace cuda

}  // namespace attune::patch_infonce
