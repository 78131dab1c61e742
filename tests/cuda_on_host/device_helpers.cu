#include "tests/cuda_on_host/device_helpers.h"

#include "core/cuda/flat_grid.cuh"
#include "core/cuda/launch.cuh"
#include "core/cuda/line_grid.cuh"
#include "core/cuda/mma.cuh"
#include "core/cuda/reduce.cuh"
#include "core/cuda/vector.cuh"
#include "core/cuda/walk_pixels.cuh"
#include "core/tensor.h"

namespace attune::test {

namespace {

using namespace attune::cuda;

template <class T>
Tensor to_device(const std::vector<T>& values, Device device) {
  Tensor tensor({static_cast<std::int64_t>(values.size())}, dtype_of<T>, device);
  copy_bytes(tensor.view().data, device, values.data(), Device{}, tensor.view().bytes());
  return tensor;
}

template <class T>
std::vector<T> to_host(const Context& context, const Tensor& tensor) {
  context.synchronize();
  const Tensor copy = tensor.to(Device{});
  return {copy.as<T>(), copy.as<T>() + copy.shape().elements()};
}

// A thread's number in a block of three dimensions.
__device__ int thread_number() {
  return static_cast<int>(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
}

__global__ void reduce_block_kernel(const float* values, float* sums, float* doubled, float* maxima) {
  const int thread = thread_number();
  const float value = values[thread];
  sums[thread] = block_reduce(value, 0.0f, Sum());
  doubled[thread] = block_reduce(2 * value, 0.0f, Sum());  // in the same shared memory
  maxima[thread] = block_reduce(value, -3e38f, Maximum());
}

struct RowSum {
  float value;
  __device__ void merge(const RowSum& other) { value += other.value; }
};

__global__ void sum_rows_kernel(const float* values, float* out) {
  __shared__ RowSum slots[1024];
  const float own = values[threadIdx.y * blockDim.x + threadIdx.x];
  RowSum once = {own}, twice = {2 * own};
  reduce_rows(once, slots);
  reduce_rows(twice, slots);
  if (threadIdx.y > 0) return;
  out[threadIdx.x] = once.value;
  out[blockDim.x + threadIdx.x] = twice.value;
}

template <class T, int width>
__global__ void double_vectors_kernel(const T* in, T* out) {
  float values[width];
  load<width>(in + threadIdx.x * width, values);
  for (float& value : values) value *= 2;
  store<width>(values, out + threadIdx.x * width);
}

// Runs of three pieces.
template <class T, int width>
__global__ void double_runs_kernel(const T* in, T* out) {
  float values[3 * width];
  load_run<width>(in + threadIdx.x * 3 * width, values);
  for (float& value : values) value *= 2;
  store_run<width>(values, out + threadIdx.x * 3 * width);
}

__global__ void reverse_kernel(const float* in, float* out) {
  float* const slots = dynamic_shared<float>();
  slots[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = slots[blockDim.x - 1 - threadIdx.x];
}

__global__ void count_visits_kernel(float* visits, int pixels) {
  walk_pixels<4>(
      threadIdx.x, pixels, blockDim.x, [&](std::int64_t pixel) { return visits[pixel]; },
      [&](std::int64_t pixel, float before) { visits[pixel] = before + 1; });
}

__global__ void count_lines_kernel(float* visits, int lines, int items) {
  for_each_line(lines, [&](std::int64_t line) {
    for (int item = static_cast<int>(threadIdx.x); item < items; item += static_cast<int>(blockDim.x))
      visits[line * items + item] += 1;
  });
}

__global__ void count_flat_kernel(float* visits, int items) {
  for (std::int64_t item = flat_grid_first(); item < items; item += flat_grid_step()) visits[item] += 1;
}

// Element (row, column) and its right (for b: lower) neighbour.
__device__ std::uint32_t pair_at(const float* matrix, int row, int column, int width, int step) {
  const float* p = matrix + row * width + column;
  return bf16_pair(p[0], p[step]);
}

__global__ void multiply_kernel(const float* a, const float* b, const float* in, float* out) {
  const int lane = thread_number() % warp_size, warp = thread_number() / warp_size;
  const int g = lane / 4, t = lane % 4;
  const std::uint32_t left[4] = {pair_at(a, g, 2 * t, 16, 1), pair_at(a, g + 8, 2 * t, 16, 1),
                                 pair_at(a, g, 2 * t + 8, 16, 1), pair_at(a, g + 8, 2 * t + 8, 16, 1)};
  const std::uint32_t right[2] = {pair_at(b, 2 * t, g, 8, 8), pair_at(b, 2 * t + 8, g, 8, 8)};
  const int places[4] = {g * 8 + 2 * t, g * 8 + 2 * t + 1, (g + 8) * 8 + 2 * t, (g + 8) * 8 + 2 * t + 1};
  float sums[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) sums[i] = in[places[i]];
  mma_m16n8k16(left, right, sums);
#pragma unroll
  for (int i = 0; i < 4; ++i) out[warp * 128 + places[i]] = sums[i];
}

__global__ void swap_halves_kernel(const float* in, float* out) {
  const std::uint32_t first = bf16_pair(in[0], in[1]), second = bf16_pair(in[2], in[3]);
  const std::uint32_t words[] = {low_halves(first, second), high_halves(first, second)};
  for (int i = 0; i < 2; ++i) {
    bfloat16 low, high;
    low.bits = static_cast<std::uint16_t>(words[i]);
    high.bits = static_cast<std::uint16_t>(words[i] >> 16);
    out[2 * i] = static_cast<float>(low);
    out[2 * i + 1] = static_cast<float>(high);
  }
}

}  // namespace

Reduced reduce_block(Context& context, const std::vector<float>& values, unsigned layers) {
  const Tensor in = to_device(values, context.device());
  const auto like_in = [&] { return Tensor(in.shape(), DType::f32, context.device()); };
  Tensor sums = like_in(), doubled = like_in(), maxima = like_in();
  launch("reduce_block", stream_of(context), dim3(1),
         dim3(static_cast<unsigned>(values.size()) / (layers * layers), layers, layers), 0,
         reduce_block_kernel, in.as<float>(), sums.as<float>(), doubled.as<float>(), maxima.as<float>());
  return {to_host<float>(context, sums), to_host<float>(context, doubled), to_host<float>(context, maxima)};
}

std::vector<float> sum_rows(Context& context, const std::vector<float>& values, int rows, int columns) {
  const Tensor in = to_device(values, context.device());
  Tensor out({2, columns}, DType::f32, context.device());
  launch("sum_rows", stream_of(context), dim3(1),
         dim3(static_cast<unsigned>(columns), static_cast<unsigned>(rows)), 0, sum_rows_kernel,
         in.as<float>(), out.as<float>());
  return to_host<float>(context, out);
}

template <class T, int width>
std::vector<T> double_vectors(Context& context, const std::vector<float>& values) {
  std::vector<T> rounded;
  for (const float value : values) rounded.push_back(static_cast<T>(value));
  const Tensor in = to_device(rounded, context.device());
  Tensor out(in.shape(), dtype_of<T>, context.device());
  launch("double_vectors", stream_of(context), dim3(1), dim3(static_cast<unsigned>(values.size()) / width), 0,
         double_vectors_kernel<T, width>, in.as<T>(), out.as<T>());
  return to_host<T>(context, out);
}
template std::vector<float> double_vectors<float, 1>(Context&, const std::vector<float>&);
template std::vector<float> double_vectors<float, 4>(Context&, const std::vector<float>&);
template std::vector<bfloat16> double_vectors<bfloat16, 1>(Context&, const std::vector<float>&);
template std::vector<bfloat16> double_vectors<bfloat16, 8>(Context&, const std::vector<float>&);

template <class T, int width>
std::vector<T> double_runs(Context& context, const std::vector<float>& values) {
  std::vector<T> rounded;
  for (const float value : values) rounded.push_back(static_cast<T>(value));
  const Tensor in = to_device(rounded, context.device());
  Tensor out(in.shape(), dtype_of<T>, context.device());
  launch("double_runs", stream_of(context), dim3(1), dim3(static_cast<unsigned>(values.size()) / (3 * width)),
         0, double_runs_kernel<T, width>, in.as<T>(), out.as<T>());
  return to_host<T>(context, out);
}
template std::vector<float> double_runs<float, 1>(Context&, const std::vector<float>&);
template std::vector<float> double_runs<float, 4>(Context&, const std::vector<float>&);
template std::vector<bfloat16> double_runs<bfloat16, 8>(Context&, const std::vector<float>&);

std::vector<float> reverse_in_shared(Context& context, const std::vector<float>& values) {
  const Tensor in = to_device(values, context.device());
  Tensor out(in.shape(), DType::f32, context.device());
  launch("reverse", stream_of(context), dim3(1), dim3(static_cast<unsigned>(values.size())),
         values.size() * sizeof(float), reverse_kernel, in.as<float>(), out.as<float>());
  return to_host<float>(context, out);
}

std::vector<float> count_visits(Context& context, int pixels, int threads) {
  Tensor visits = Tensor::zeros({pixels}, DType::f32, context.device());
  launch("count_visits", stream_of(context), dim3(1), dim3(static_cast<unsigned>(threads)), 0,
         count_visits_kernel, visits.as<float>(), pixels);
  return to_host<float>(context, visits);
}

std::vector<float> count_line_visits(Context& context, int lines, int items) {
  Tensor visits = Tensor::zeros({lines * items}, DType::f32, context.device());
  const LineGrid plan = plan_line_grid(lines, items, multiprocessor_count());
  launch("count_lines", stream_of(context), plan.grid, plan.block, 0, count_lines_kernel, visits.as<float>(),
         lines, items);
  return to_host<float>(context, visits);
}

std::vector<float> count_flat_visits(Context& context, int items) {
  Tensor visits = Tensor::zeros({items}, DType::f32, context.device());
  launch("count_flat", stream_of(context), dim3(flat_grid_blocks(items, multiprocessor_count())),
         dim3(flat_grid_threads), 0, count_flat_kernel, visits.as<float>(), items);
  return to_host<float>(context, visits);
}

std::vector<float> multiply_matrices(Context& context, const std::vector<float>& a,
                                     const std::vector<float>& b, const std::vector<float>& sums, int warps) {
  const Tensor left = to_device(a, context.device()), right = to_device(b, context.device());
  const Tensor in = to_device(sums, context.device());
  Tensor out({warps, 16, 8}, DType::f32, context.device());
  launch("multiply_matrices", stream_of(context), dim3(1), dim3(8, static_cast<unsigned>(warps), 4), 0,
         multiply_kernel, left.as<float>(), right.as<float>(), in.as<float>(), out.as<float>());
  return to_host<float>(context, out);
}

std::vector<float> swap_halves(Context& context, const std::vector<float>& values) {
  const Tensor in = to_device(values, context.device());
  Tensor out(in.shape(), DType::f32, context.device());
  launch("swap_halves", stream_of(context), dim3(1), dim3(1), 0, swap_halves_kernel, in.as<float>(),
         out.as<float>());
  return to_host<float>(context, out);
}

}  // namespace attune::test
