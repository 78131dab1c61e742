// A block owns a run of one output row's cells. Its threads add up the source rows under that row, a column each, into shared
// memory; from there each cell adds up its columns. A run's columns come one chunk after another.
#include "core/cuda/launch.cuh"
#include "core/shape.h"
#include "core/transfer.h"
#include "kernels/resample/area_box.h"
#include "kernels/resample/average_rows.h"

namespace attune::resample::cuda {

namespace {

using namespace attune::cuda;

constexpr int threads = 256;
// Source columns whose sums a block holds: 12 KiB of floats, 16 with shares.
constexpr int chunk_columns = 1024;
// 32 cells of a photograph of 24 megapixels, of which the network sees 256x171, are 750 columns wide, and 8 blocks a row.
constexpr int tile_cells = 32;

// A pixel's colours, red first.
template <class T, int colours>
__device__ void load_colours(const AverageRows& a, const T* pixel, float (&values)[colours]) {
#pragma unroll
  for (int c = 0; c < colours; ++c) {
    const float value = static_cast<float>(pixel[c]);
    if constexpr (std::is_same_v<T, float> && colours == 3)
      values[c] = a.linear ? srgb_from_linear(value) : value;
    else
      values[c] = value;
  }
  if constexpr (colours == 3) {
    const float first = values[0], third = values[2];
    values[0] = a.reversed ? third : first;
    values[2] = a.reversed ? first : third;
  }
}

// Grid: (output row) x tile of its cells. Where pixels are weighed by their shares, these are added up behind the colours.
// Told of 3 blocks ptxas takes up to 80 registers; left alone 64 on sm_100 and 120, where the curve of linear floats then spills.
// There shares spill in 80.
template <class T, int channels, bool weighs>
__global__ void __launch_bounds__(threads, weighs ? 2 : 3)
    average_kernel(AverageRows a, IgnoredBackground ignored, Axis rows, Axis columns, unsigned tiles) {
  constexpr int colours = channels == 1 ? 1 : 3, parts = weighs ? colours + 1 : colours;
  __shared__ float sums[chunk_columns][parts];
  const std::int64_t y = a.row_begin + blockIdx.x / tiles;
  const std::int64_t first_cell = std::int64_t{blockIdx.x % tiles} * tile_cells;
  const auto cells = static_cast<int>(min(std::int64_t{tile_cells}, columns.outputs - first_cell));
  const AreaBox row_box(rows, y);
  const std::int64_t begin = AreaBox(columns, first_cell).begin,
                     end = AreaBox(columns, first_cell + cells - 1).end;
  // The cell and colour that this thread adds up; none where it is one of the last threads.
  const auto thread = static_cast<int>(threadIdx.x);
  const int cell = min(thread / colours, cells - 1), colour = thread % colours;
  const bool has_cell = thread < cells * colours;
  const AreaBox box(columns, first_cell + cell);

  float average = 0;
  [[maybe_unused]] float share = 0;
  [[maybe_unused]] bool has_background = false;
  for (std::int64_t chunk = begin; chunk < end; chunk += chunk_columns) {
    const std::int64_t chunk_end = min(chunk + chunk_columns, end);
    for (std::int64_t x = chunk + thread; x < chunk_end; x += threads) {
      float sum[parts] = {};
      for (std::int64_t source = row_box.begin; source < row_box.end; ++source) {
        float weight = row_box.weight(source);
        if constexpr (weighs) {
          const PixelShare pixel = share_of(ignored, source, x);
          has_background = has_background || pixel.is_background;
          weight *= pixel.share;
          sum[colours] += weight;
          if (pixel.share == 0) continue;  // what has no share may be no number
        }
        float values[colours];
        load_colours(a, static_cast<const T*>(a.source.row(source)) + x * channels, values);
#pragma unroll
        for (int c = 0; c < colours; ++c) sum[c] += weight * values[c];
      }
#pragma unroll
      for (int c = 0; c < parts; ++c) sums[x - chunk][c] = sum[c];
    }
    __syncthreads();
    if (has_cell)
      for (std::int64_t x = max(box.begin, chunk); x < min(box.end, chunk_end); ++x) {
        average += box.weight(x) * sums[x - chunk][colour];
        if constexpr (weighs) share += box.weight(x) * sums[x - chunk][colours];
      }
    __syncthreads();
  }
  if constexpr (weighs) {
    has_background = __any_sync(0xffffffffu, has_background);
    if (a.has_background && has_background && thread % warp_size == 0) atomicOr(a.has_background, 1);
  }
  if (!has_cell) return;
  const std::int64_t out_cell = y * columns.outputs + first_cell + cell;
  if constexpr (weighs) {
    if (colour == 0) a.shares[out_cell] = share;
    average = share > 0 ? average / share : 0;
  }
  average *= 1 / peak_of<T>;
  if (a.snap) average = snapped(average);
  if (a.inverted) average = 1 - average;
  a.out[out_cell * colours + colour] = average;
  if (!weighs && a.has_background && average < 1) atomicOr(a.has_background, 1);
}

template <class T, int channels>
auto average_kernel_for(const AverageRows& a) {
  return a.ignored ? average_kernel<T, channels, true> : average_kernel<T, channels, false>;
}

template <class T>
void average_samples(Context& context, const AverageRows& a) {
  const Axis rows(a.height, a.out_height), columns(a.width, a.out_width);
  const std::int64_t tiles = (a.out_width + tile_cells - 1) / tile_cells;
  const auto grid = checked_cast<std::int32_t>(checked_multiply(a.row_end - a.row_begin, tiles));
  if (grid == 0) return;
  launch("resample: average_kernel", stream_of(context), dim3(static_cast<unsigned>(grid)), dim3(threads), 0,
         a.channels == 1   ? average_kernel_for<T, 1>(a)
         : a.channels == 3 ? average_kernel_for<T, 3>(a)
                           : average_kernel_for<T, 4>(a),
         a, a.ignored ? *a.ignored : IgnoredBackground(), rows, columns, static_cast<unsigned>(tiles));
}

}  // namespace

void average_rows(Context& context, const AverageRows& a) {
  with_sample_type(a.sample, [&](auto zero) { average_samples<decltype(zero)>(context, a); });
}

}  // namespace attune::resample::cuda
