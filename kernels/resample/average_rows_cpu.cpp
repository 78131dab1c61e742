// A few source rows at a time are added up at full width, in registers; then the columns of each box are.
#include "kernels/resample/average_rows.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "core/parallel.h"
#include "kernels/resample/area_box.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resample/average_rows_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#include "core/simd_samples-inl.h"
#include "core/transfer-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::resample::HWY_NAMESPACE {

using namespace attune::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)
namespace hn = hwy::HWY_NAMESPACE;

// sums[i] += weights[r] rows[r][i], one row after the other.
template <class T>
HWY_INLINE void add_rows(const T* const* rows, const float* weights, int row_count, float* sums,
                         std::int64_t count) {
  const auto step = static_cast<std::int64_t>(lanes());
  std::int64_t i = 0;
  for (; i + step <= count; i += step) {
    V32 sum = load(sums + i);
    for (int r = 0; r < row_count; ++r) {
      const V32 samples = widened<T>(hn::LoadU(SampleTag<T>(), rows[r] + i));
      sum = hn::MulAdd(hn::Set(F32(), weights[r]), samples, sum);
    }
    store(sum, sums + i);
  }
  for (; i < count; ++i)
    for (int r = 0; r < row_count; ++r) sums[i] += weights[r] * static_cast<float>(rows[r][i]);
}

void add_rows_u8(const std::uint8_t* const* rows, const float* weights, int row_count, float* sums,
                 std::int64_t count) {
  add_rows(rows, weights, row_count, sums, count);
}
void add_rows_u16(const std::uint16_t* const* rows, const float* weights, int row_count, float* sums,
                  std::int64_t count) {
  add_rows(rows, weights, row_count, sums, count);
}
void add_rows_f32(const float* const* rows, const float* weights, int row_count, float* sums,
                  std::int64_t count) {
  add_rows(rows, weights, row_count, sums, count);
}

void encode_row(const float* linear, float* srgb, std::int64_t count) {
  const auto step = static_cast<std::int64_t>(lanes());
  for (std::int64_t i = 0; i < count; i += step) {
    const auto n = static_cast<std::size_t>(std::min(step, count - i));
    store_first(srgb_from_linear(load_first(linear + i, n)), srgb + i, n);
  }
}

}  // namespace attune::resample::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::resample::cpu {

namespace {

HWY_EXPORT(add_rows_u8);
HWY_EXPORT(add_rows_u16);
HWY_EXPORT(add_rows_f32);
HWY_EXPORT(encode_row);

void add_rows(const std::uint8_t* const* rows, const float* weights, int row_count, float* sums,
              std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(add_rows_u8)(rows, weights, row_count, sums, count);
}
void add_rows(const std::uint16_t* const* rows, const float* weights, int row_count, float* sums,
              std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(add_rows_u16)(rows, weights, row_count, sums, count);
}
void add_rows(const float* const* rows, const float* weights, int row_count, float* sums,
              std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(add_rows_f32)(rows, weights, row_count, sums, count);
}

// Added while a vector of their sums is in a register: loaded and stored for each row these took most of the time.
constexpr int most_rows = 8;

template <class T>
constexpr float unit_of = 1 / peak_of<T>;

template <class T>
class RowSums {
 public:
  explicit RowSums(const AverageRows& a)
      : a_(a),
        samples_(static_cast<std::size_t>(a.width * a.channels)),
        sums_(samples_),
        prepared_(a.linear || a.ignored ? samples_ : 0),
        shares_(a.ignored ? static_cast<std::size_t>(a.width) : 0) {}

  void clear() {
    std::fill(sums_.begin(), sums_.end(), 0.0f);
    std::fill(shares_.begin(), shares_.end(), 0.0f);
  }
  void add(const AreaBox& box) {
    if (prepared_.empty()) return add_raw(box);
    for (std::int64_t y = box.begin; y < box.end; ++y) {
      const float* const row = prepared_.data();
      const float weight = box.weight(y);
      prepare(source_row(y), y, weight);
      add_rows(&row, &weight, 1, sums_.data(), static_cast<std::int64_t>(samples_));
    }
  }
  // Of the pixels from `column` on.
  const float* at(std::int64_t column) const { return sums_.data() + column * a_.channels; }
  const float* shares_at(std::int64_t column) const { return shares_.data() + column; }
  // Whether any pixel that was added is background that counts.
  bool has_background() const { return has_background_; }

 private:
  const T* source_row(std::int64_t y) const { return static_cast<const T*>(a_.source.row(y)); }

  void add_raw(const AreaBox& box) {
    const T* rows[most_rows];
    float weights[most_rows];
    int row_count = 0;
    for (std::int64_t y = box.begin; y < box.end; ++y) {
      rows[row_count] = source_row(y);
      weights[row_count++] = box.weight(y) * unit_of<T>;
      if (row_count < most_rows && y + 1 < box.end) continue;
      add_rows(rows, weights, row_count, sums_.data(), static_cast<std::int64_t>(samples_));
      row_count = 0;
    }
  }

  void prepare(const T* row, std::int64_t y, float weight) {
    if constexpr (std::is_same_v<T, float>) {
      if (a_.linear)
        HWY_DYNAMIC_DISPATCH(encode_row)(row, prepared_.data(), static_cast<std::int64_t>(samples_));
      else
        std::copy(row, row + samples_, prepared_.begin());
    } else {
      for (std::size_t s = 0; s < samples_; ++s) prepared_[s] = unit_of<T> * static_cast<float>(row[s]);
    }
    if (!shares_.empty()) take_shares(y, weight);
  }

  // A choice, not a product: what has no share may be no number.
  void take_shares(std::int64_t y, float weight) {
    const auto channels = static_cast<std::size_t>(a_.channels);
    for (std::size_t x = 0; x < shares_.size(); ++x) {
      const auto [share, is_background] = share_of(*a_.ignored, y, static_cast<std::int64_t>(x));
      has_background_ = has_background_ || is_background;
      shares_[x] += weight * share;
      for (std::size_t c = 0; c < channels; ++c) {
        float& sample = prepared_[x * channels + c];
        sample = share == 0 ? 0.0f : share * sample;
      }
    }
  }

  const AverageRows& a_;
  std::size_t samples_;
  std::vector<float> sums_, prepared_, shares_;
  bool has_background_ = false;
};

// Of every step-th value.
float weighted(const AreaBox& box, const float* values, std::int64_t step) {
  float sum = 0;
  for (std::int64_t x = box.begin; x < box.end; ++x, values += step) sum += box.weight(x) * *values;
  return sum;
}

// Returns whether any output is below 1.
template <class T>
bool write_row(const AverageRows& a, const RowSums<T>& sums, const std::vector<AreaBox>& columns,
               std::int64_t y) {
  const std::int64_t channels = a.out_channels();
  float* out = a.out + y * a.out_width * channels;
  float* shares = a.ignored ? a.shares + y * a.out_width : nullptr;
  bool below_one = false;
  for (const AreaBox& column : columns) {
    float share = 1;
    if (shares) share = *shares++ = weighted(column, sums.shares_at(column.begin), 1);
    for (std::int64_t c = 0; c < channels; ++c) {
      const float* from = sums.at(column.begin) + (a.reversed ? channels - 1 - c : c);
      float average = share > 0 ? weighted(column, from, a.channels) / share : 0.0f;
      if (a.snap) average = snapped(average);
      if (a.inverted) average = 1 - average;
      below_one = below_one || average < 1;
      *out++ = average;
    }
  }
  return below_one;
}

template <class T>
void average_samples(const Context& context, const AverageRows& a) {
  const Axis rows(a.height, a.out_height), row(a.width, a.out_width);
  std::vector<AreaBox> columns;
  for (std::int64_t x = 0; x < a.out_width; ++x) columns.emplace_back(row, x);
  // One task a few rows, each with its own sums.
  const std::int64_t tasks = std::min(a.row_end - a.row_begin, scratch_parts);
  std::vector<char> has_background(static_cast<std::size_t>(tasks), 0);
  parallel_for(context.threads(), tasks, [&](std::int64_t task) {
    RowSums<T> sums(a);
    const Range range = part_of(a.row_end - a.row_begin, tasks, task);
    for (std::int64_t y = a.row_begin + range.begin; y < a.row_begin + range.end; ++y) {
      const AreaBox box(rows, y);
      sums.clear();
      sums.add(box);
      const bool below = write_row(a, sums, columns, y);
      if (a.ignored ? sums.has_background() : below) has_background[static_cast<std::size_t>(task)] = 1;
    }
  });
  if (a.has_background && std::find(has_background.begin(), has_background.end(), 1) != has_background.end())
    *a.has_background = 1;
}

}  // namespace

void average_rows(Context& context, const AverageRows& a) {
  with_sample_type(a.sample, [&](auto zero) { average_samples<decltype(zero)>(context, a); });
}

}  // namespace attune::resample::cpu
#endif
