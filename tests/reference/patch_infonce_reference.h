// Patch InfoNCE as its contract says it, in plain loops over stored logits.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/patch_infonce/patch_infonce.h"

namespace attune::reference::patch_infonce {

using namespace attune::patch_infonce;

// The rows of one set in one image: normalized, their lengths, and the gradients by the normalized rows.
template <class T>
struct Rows {
  std::int64_t count = 0, depth = 0;
  std::vector<T> unit, length, dunit;

  Rows(ConstTensorView z, ConstTensorView counts, std::int64_t n) {
    if (z.shape.rank() == 0) return;
    count = counts.empty() ? z.shape[1] : counts.as<std::int32_t>()[n];
    depth = z.shape[2];
    unit.resize(static_cast<std::size_t>(count * depth));
    dunit.assign(unit.size(), T(0));
    for (std::int64_t r = 0; r < count; ++r) {
      const T* row = z.as<T>() + (n * z.shape[1] + r) * depth;
      T squares = 0;
      for (std::int64_t d = 0; d < depth; ++d) squares += row[d] * row[d];
      length.push_back(std::sqrt(squares));
      for (std::int64_t d = 0; d < depth; ++d)
        unit[index(r, d)] = row[d] / std::max(length.back(), static_cast<T>(minimum_length));
    }
  }
  std::size_t index(std::int64_t r, std::int64_t d) const { return static_cast<std::size_t>(r * depth + d); }

  // Adds du = (d^u - ^u <^u, d^u>) / |u| to (or writes it over) image n of `dz`.
  void write_gradient(GradientMode mode, TensorView dz, std::int64_t n) const {
    if (mode == GradientMode::ignore || dz.shape.rank() == 0) return;
    for (std::int64_t r = 0; r < dz.shape[1]; ++r) {
      T dot = 0;
      const bool flows = r < count && length[static_cast<std::size_t>(r)] > static_cast<T>(minimum_length);
      for (std::int64_t d = 0; d < depth && flows; ++d) dot += unit[index(r, d)] * dunit[index(r, d)];
      for (std::int64_t d = 0; d < dz.shape[2]; ++d) {
        T& out = dz.as<T>()[(n * dz.shape[1] + r) * dz.shape[2] + d];
        const T value =
            flows ? (dunit[index(r, d)] - unit[index(r, d)] * dot) / length[static_cast<std::size_t>(r)]
                  : T(0);
        out = mode == GradientMode::accumulate ? out + value : value;
      }
    }
  }
};

template <class T>
T cosine(const Rows<T>& u, std::int64_t i, const Rows<T>& v, std::int64_t j) {
  T sum = 0;
  for (std::int64_t d = 0; d < u.depth; ++d) sum += u.unit[u.index(i, d)] * v.unit[v.index(j, d)];
  return sum;
}

// One image: its rows, and which terms are positives and which the rest.
template <class T>
struct Image {
  const Options& options;
  Rows<T> anchors, positives, negatives;
  const std::int32_t* positive_index = nullptr;

  Image(const Inputs& a, const Options& options_, std::int64_t n)
      : options(options_),
        anchors(a.anchors, a.anchor_count, n),
        positives(a.positives, a.positive_count, n),
        negatives(a.negatives, a.negative_count, n) {
    if (indexed()) positive_index = a.positive_index.as<std::int32_t>() + n * a.anchors.shape[1];
  }
  bool indexed() const { return options.pairing == Pairing::indexed; }
  bool is_positive(std::int64_t i, std::int64_t j) const { return !indexed() || positive_index[i] == j; }
  bool is_rest(std::int64_t i, std::int64_t j) const {
    return options.other_positives_in_denominator && !is_positive(i, j);
  }
  bool contributes() const {
    const std::int64_t others = options.other_positives_in_denominator ? positives.count - 1 : 0;
    return anchors.count > 0 && positives.count > 0 && negatives.count + others > 0;
  }
  T positives_per_anchor() const { return indexed() ? T(1) : static_cast<T>(positives.count); }
  T positive_logit(std::int64_t i, std::int64_t j) const {
    return cosine(anchors, i, positives, j) / static_cast<T>(options.temperature);
  }
  T negative_logit(std::int64_t i, std::int64_t m) const {
    return cosine(anchors, i, negatives, m) / static_cast<T>(options.temperature);
  }
  T log_sum(std::int64_t i) const {
    std::vector<T> logits;
    for (std::int64_t m = 0; m < negatives.count; ++m) logits.push_back(negative_logit(i, m));
    for (std::int64_t j = 0; j < positives.count; ++j)
      if (is_rest(i, j)) logits.push_back(positive_logit(i, j));
    const T top = *std::max_element(logits.begin(), logits.end());
    T sum = 0;
    for (const T s : logits) sum += std::exp(s - top);
    return top + std::log(sum);
  }
  // ds = dL/ds(u, v), to both rows.
  void add_gradient(std::int64_t i, Rows<T>& columns, std::int64_t j, T ds) {
    const T weight = ds / static_cast<T>(options.temperature);
    for (std::int64_t d = 0; d < anchors.depth; ++d) {
      anchors.dunit[anchors.index(i, d)] += weight * columns.unit[columns.index(j, d)];
      columns.dunit[columns.index(j, d)] += weight * anchors.unit[anchors.index(i, d)];
    }
  }
};

template <class T>
T softplus(T t) {
  return std::max(t, T(0)) + std::log1p(std::exp(-std::abs(t)));
}
template <class T>
T sigmoid(T t) {
  return t >= 0 ? 1 / (1 + std::exp(-t)) : std::exp(t) / (1 + std::exp(t));
}

template <class T>
std::int64_t contributing(const Inputs& a, const Options& options) {
  std::int64_t images = 0;
  for (std::int64_t n = 0; n < a.anchors.shape[0]; ++n) images += Image<T>(a, options, n).contributes();
  return images;
}

template <class T>
void forward(const Forward& a, const Options& options) {
  const std::int64_t samples = a.inputs.anchors.shape[1];
  T loss = 0;
  for (std::int64_t n = 0; n < a.inputs.anchors.shape[0]; ++n) {
    T* log_sum = a.log_sum.as<T>() + n * samples;
    T* miss = a.miss.as<T>() + n * samples;
    std::fill(log_sum, log_sum + samples, T(0));
    std::fill(miss, miss + samples, T(0));
    const Image<T> image(a.inputs, options, n);
    if (!image.contributes()) continue;
    T sum = 0;
    for (std::int64_t i = 0; i < image.anchors.count; ++i) {
      log_sum[i] = image.log_sum(i);
      for (std::int64_t j = 0; j < image.positives.count; ++j) {
        if (!image.is_positive(i, j)) continue;
        const T t = log_sum[i] - image.positive_logit(i, j);
        sum += softplus(t) / image.positives_per_anchor();
        miss[i] += sigmoid(t) / image.positives_per_anchor();
      }
    }
    loss += sum / static_cast<T>(image.anchors.count);
  }
  const std::int64_t images = contributing<T>(a.inputs, options);
  *a.loss.as<T>() = images > 0 ? loss / static_cast<T>(images) : T(0);
}

template <class T>
void backward(const Backward& a, const Options& options) {
  const std::int64_t images = contributing<T>(a.inputs, options), samples = a.inputs.anchors.shape[1];
  for (std::int64_t n = 0; n < a.inputs.anchors.shape[0]; ++n) {
    Image<T> image(a.inputs, options, n);
    for (std::int64_t i = 0; i < image.anchors.count && image.contributes(); ++i) {
      const T scale = *a.dloss.as<T>() / static_cast<T>(images * image.anchors.count);
      const T log_sum = a.log_sum.as<T>()[n * samples + i], miss = a.miss.as<T>()[n * samples + i];
      for (std::int64_t m = 0; m < image.negatives.count; ++m)
        image.add_gradient(i, image.negatives, m,
                           scale * miss * std::exp(image.negative_logit(i, m) - log_sum));
      for (std::int64_t j = 0; j < image.positives.count; ++j) {
        const T s = image.positive_logit(i, j);
        if (image.is_positive(i, j))
          image.add_gradient(i, image.positives, j,
                             -scale * sigmoid(log_sum - s) / image.positives_per_anchor());
        if (image.is_rest(i, j))
          image.add_gradient(i, image.positives, j, scale * miss * std::exp(s - log_sum));
      }
    }
    image.anchors.write_gradient(a.danchors_mode, a.danchors, n);
    image.positives.write_gradient(a.dpositives_mode, a.dpositives, n);
    image.negatives.write_gradient(a.dnegatives_mode, a.dnegatives, n);
  }
}

template <class T>
void nearest(const Nearest& a) {
  for (std::int64_t n = 0; n < a.anchors.shape[0]; ++n) {
    const Rows<T> anchors(a.anchors, a.anchor_count, n), positives(a.positives, a.positive_count, n);
    for (std::int64_t i = 0; i < a.anchors.shape[1]; ++i) {
      std::int64_t best = 0;
      T largest = -2;  // below every cosine
      for (std::int64_t j = 0; j < positives.count && i < anchors.count; ++j) {
        const T value = cosine(anchors, i, positives, j);
        if (value > largest) best = j;
        largest = std::max(largest, value);
      }
      a.positive_index.as<std::int32_t>()[n * a.anchors.shape[1] + i] = static_cast<std::int32_t>(best);
    }
  }
}

inline void same_index(TensorView positive_index) {
  auto* const index = positive_index.as<std::int32_t>();
  for (std::int64_t n = 0; n < positive_index.shape[0]; ++n)
    for (std::int64_t k = 0; k < positive_index.shape[1]; ++k)
      index[n * positive_index.shape[1] + k] = static_cast<std::int32_t>(k);
}

}  // namespace attune::reference::patch_infonce
