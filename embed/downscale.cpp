#include "embed/downscale.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "core/parallel.h"
#include "embed/transfer.h"
#include "kernels/resample/resample.h"

namespace attune {

namespace {

// Source items [first, first + weights.size()) under one output cell; the weights add up to 1.
struct Box {
  std::int64_t first = 0;
  std::vector<float> weights;
};

Box box_of(std::int64_t source, std::int64_t out, std::int64_t index) {
  const double scale = static_cast<double>(source) / static_cast<double>(out);
  const double begin = static_cast<double>(index) * scale, end = static_cast<double>(index + 1) * scale;
  Box box;
  box.first = std::min(static_cast<std::int64_t>(begin), source - 1);
  const std::int64_t last =
      std::clamp(static_cast<std::int64_t>(std::ceil(end - 1e-9)), box.first + 1, source);
  const auto covered = [&](std::int64_t s) {
    return std::min(end, static_cast<double>(s + 1)) - std::max(begin, static_cast<double>(s));
  };
  double sum = 0;
  for (std::int64_t s = box.first; s < last; ++s) sum += covered(s);
  for (std::int64_t s = box.first; s < last; ++s) box.weights.push_back(static_cast<float>(covered(s) / sum));
  return box;
}

std::vector<Box> boxes(std::int64_t source, std::int64_t out) {
  std::vector<Box> all;
  for (std::int64_t i = 0; i < out; ++i) all.push_back(box_of(source, out, i));
  return all;
}

template <class Sample>
constexpr float unit_of = std::is_same_v<Sample, float>
                              ? 1
                              : 1.0f / static_cast<float>(std::numeric_limits<Sample>::max());

float share_of(const IgnoredBackground& ignored, std::int64_t y, std::size_t x) {
  const float mask =
      ignored.mask_sample == Sample::f32
          ? static_cast<const float*>(ignored.mask.row(y))[x]
          : static_cast<float>(static_cast<const std::uint8_t*>(ignored.mask.row(y))[x]) / 255.0f;
  const float background = ignored.inverted ? mask : 1 - mask;
  return 1 -
         static_cast<float>(static_cast<const std::uint8_t*>(ignored.rows.row(y))[x]) / 255.0f * background;
}

// One source row after the other, added up at full width: a loop that vectorizes.
template <class Sample>
class RowSums {
 public:
  explicit RowSums(const Downscale& a)
      : a_(a),
        samples_(static_cast<std::size_t>(a.size.width * a.pixel)),
        sums_(samples_),
        prepared_(a.linear || a.ignored ? samples_ : 0),
        shares_(a.ignored ? static_cast<std::size_t>(a.size.width) : 0) {}

  void clear() {
    std::fill(sums_.begin(), sums_.end(), 0.0f);
    std::fill(shares_.begin(), shares_.end(), 0.0f);
  }
  void add(std::int64_t y, float weight) {
    const auto* row = static_cast<const Sample*>(a_.source.row(y));
    if (prepared_.empty()) return add_samples(row, weight * unit_of<Sample>);
    prepare(row, y, weight);
    add_samples(prepared_.data(), weight);
  }
  // Of the pixels from `column` on.
  const float* at(std::int64_t column) const { return sums_.data() + column * a_.pixel; }
  const float* shares_at(std::int64_t column) const { return shares_.data() + column; }

 private:
  template <class T>
  void add_samples(const T* row, float factor) {
    float* sums = sums_.data();
    for (std::size_t s = 0; s < samples_; ++s) sums[s] += factor * static_cast<float>(row[s]);
  }

  void prepare(const Sample* row, std::int64_t y, float weight) {
    if constexpr (std::is_same_v<Sample, float>) {
      if (a_.linear)
        srgb_from_linear(row, prepared_.data(), static_cast<std::int64_t>(samples_));
      else
        std::copy(row, row + samples_, prepared_.begin());
    } else {
      for (std::size_t s = 0; s < samples_; ++s) prepared_[s] = unit_of<Sample> * static_cast<float>(row[s]);
    }
    if (!shares_.empty()) take_shares(y, weight);
  }

  // A choice, not a product: what has no share may be no number.
  void take_shares(std::int64_t y, float weight) {
    const auto pixel = static_cast<std::size_t>(a_.pixel);
    for (std::size_t x = 0; x < shares_.size(); ++x) {
      const float share = share_of(*a_.ignored, y, x);
      shares_[x] += weight * share;
      for (std::size_t c = 0; c < pixel; ++c) {
        float& sample = prepared_[x * pixel + c];
        sample = share == 0 ? 0.0f : share * sample;
      }
    }
  }

  const Downscale& a_;
  std::size_t samples_;
  std::vector<float> sums_, prepared_, shares_;
};

float weighted(const Box& box, const float* values, std::int64_t step) {
  float sum = 0;
  for (std::size_t s = 0; s < box.weights.size(); ++s)
    sum += box.weights[s] * values[static_cast<std::int64_t>(s) * step];
  return sum;
}

float snapped(float average) {
  if (std::fabs(average) <= resample::snap_distance) return 0;
  return std::fabs(average - 1) <= resample::snap_distance ? 1 : average;
}

template <class Sample>
void write_row(const Downscale& a, const RowSums<Sample>& sums, const std::vector<Box>& columns,
               std::int64_t y) {
  float* out = a.out + y * a.out_size.width * a.channels;
  float* shares = a.ignored ? a.shares + y * a.out_size.width : nullptr;
  for (const Box& column : columns) {
    float share = 1;
    if (shares) share = *shares++ = weighted(column, sums.shares_at(column.first), 1);
    for (int c = 0; c < a.channels; ++c) {
      const float* from = sums.at(column.first) + (a.reversed ? a.channels - 1 - c : c);
      const float average = share > 0 ? weighted(column, from, a.pixel) / share : 0.0f;
      *out++ = a.snap ? snapped(average) : average;
    }
  }
}

template <class Sample>
void downscale_samples(const Downscale& a, std::int64_t begin, std::int64_t end, int threads) {
  const std::vector<Box> columns = boxes(a.size.width, a.out_size.width);
  // One task a few rows, each with its own sums.
  const std::int64_t tasks = std::min<std::int64_t>(end - begin, 64);
  parallel_for(threads, tasks, [&](std::int64_t task) {
    RowSums<Sample> sums(a);
    const Range range = part_of(end - begin, tasks, task);
    for (std::int64_t y = begin + range.begin; y < begin + range.end; ++y) {
      const Box box = box_of(a.size.height, a.out_size.height, y);
      sums.clear();
      for (std::size_t r = 0; r < box.weights.size(); ++r)
        sums.add(box.first + static_cast<std::int64_t>(r), box.weights[r]);
      write_row(a, sums, columns, y);
    }
  });
}

}  // namespace

void downscale(const Downscale& arguments, std::int64_t begin, std::int64_t end, int threads) {
  switch (arguments.sample) {
    case Sample::u8:
      return downscale_samples<std::uint8_t>(arguments, begin, end, threads);
    case Sample::u16:
      return downscale_samples<std::uint16_t>(arguments, begin, end, threads);
    case Sample::f32:
      return downscale_samples<float>(arguments, begin, end, threads);
  }
}

}  // namespace attune
