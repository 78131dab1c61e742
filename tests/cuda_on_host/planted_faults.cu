#include "tests/cuda_on_host/planted_faults.h"

#include "core/cuda/reduce.cuh"
#include "core/cuda/vector.cuh"

namespace attune::test {

namespace {

template <class Kernel, class... Arguments>
cudaError_t start(Kernel kernel, int blocks, int threads, std::size_t shared, cudaStream_t stream,
                  Arguments... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

struct Rows {
  float row[2][block_size];

  __device__ void write(int r, float value) { cuda::store<1>({value}, row[r] + threadIdx.x); }
};

__global__ void planted_kernel(Fault fault, float* out, const float* in, const float* host) {
  __shared__ float slots[block_size];
  __shared__ int counter;
  __shared__ Rows rows;
  float* const dynamic = cuda::dynamic_shared<float>();
  const int thread = static_cast<int>(threadIdx.x),
            global = static_cast<int>(blockIdx.x) * block_size + thread;
  const int partner = block_size - 1 - thread;

  slots[thread] =
      0;  // written once before, so that a missing barrier is a race and not a read of unwritten memory
  __syncthreads();
  if (fault == Fault::read_across_blocks && out[0] > 1e30f) return;
  slots[fault == Fault::shared_out_of_bounds ? thread + 1 : thread] = in[global];
  dynamic[fault == Fault::dynamic_out_of_bounds ? thread + 1 : thread] = 0;
  if (fault == Fault::rows_out_of_bounds)
    rows.write(2 + static_cast<int>(blockDim.x) / block_size, in[global]);
  if (fault == Fault::missing_barrier) out[global] = slots[partner];
  if (fault == Fault::missing_syncwarp) out[global] = slots[thread ^ 1];
  if (fault == Fault::shuffle_is_no_barrier) {
    __shfl_xor_sync(0xffffffffu, thread, 1);
    out[global] = slots[thread ^ 1];
  }
  if (fault == Fault::divergent_barrier && thread < block_size / 2) __syncthreads();
  if (fault == Fault::barrier_after_exit && thread < block_size / 2) return;
  if (fault == Fault::two_barriers) {
    if (thread < block_size / 2) {
      __syncthreads();
    } else {
      __syncthreads();
    }
  }
  if (fault == Fault::lane_that_ended) {
    if (thread % 32 == 7) return;
    __syncwarp();
  }
  if (fault == Fault::unwritten_shared && thread == 0) out[global] = static_cast<float>(counter);
  if (fault == Fault::lane_outside_mask) __syncwarp(1u);
  if (fault == Fault::shuffle_from_outside_mask && thread % 32 < 16) __shfl_sync(0xffffu, thread, 20);
  if (fault == Fault::lane_elsewhere) {
    if (thread % 32 < 16) __shfl_xor_sync(0xffffffffu, thread, 1);
    __syncthreads();
  }
  if (fault == Fault::two_operations) {
    if (thread % 32 < 16) __shfl_xor_sync(0xffffffffu, thread, 1);
    __syncwarp();
  }
  if (fault == Fault::shuffle_without_self) __shfl_sync(0xfffeu, thread, 1);
  if (fault == Fault::different_masks) __shfl_xor_sync(thread % 32 < 16 ? 0xffffu : 0xffffff00u, thread, 1);
  if (fault == Fault::atomic_and_plain) {
    if (thread == 1) counter = 0;
    __syncthreads();
    if (thread == 0) counter = 0;
    if (thread > 0) atomicAdd(&counter, 1);
  }
  __syncwarp();
  const float neighbour = slots[thread ^ 1];
  __syncthreads();

  const int at = fault == Fault::global_write_out_of_bounds ? global + 1 : global;
  const int from = fault == Fault::global_read_out_of_bounds ? global + 1 : global;
  out[at] = slots[partner] + 0 * neighbour;
  if (fault == Fault::write_after_read) slots[thread] = 0;
  if (fault == Fault::two_blocks_write && thread == 0) out[0] = 1;
  const int mirrored = global - thread + partner;
  if (fault == Fault::global_missing_barrier) out[global] = out[mirrored];
  if (fault == Fault::host_pointer) out[global] = host[thread];
  if (fault == Fault::unwritten_global) out[global] = out[block_size * gridDim.x + threadIdx.x];
  if (fault == Fault::misaligned_vector && thread == 0)
    out[global] = reinterpret_cast<const float4*>(in + 1)->x;
  if (fault == Fault::misaligned_store && thread == 0) {
    const float values[4] = {};
    cuda::store<4>(values, out + global + 1);
  }
  __syncthreads();
  if (in[from] > 1e30f) out[global] = 0;
  if (fault == Fault::none && out[mirrored] > 1e30f) slots[thread] = 0;
}

__global__ void count_kernel(int* out, const int* in, int count) {
  __shared__ int odd;
  if (threadIdx.x == 0) odd = 0;
  __syncthreads();
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int value = i < count ? in[i] : 0;
  const unsigned votes = __ballot_sync(0xffffffffu, value & 1);
  if (threadIdx.x % 32 == 0) atomicAdd(&odd, __popc(votes));
  atomicAdd(&out[0], value);
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(&out[1], odd);
}

__global__ void shuffle_kernel(int* out, int width) {
  const int lane = static_cast<int>(threadIdx.x);
  out[lane] = __shfl_sync(0xffffffffu, lane, 3, width);
  out[32 + lane] = __shfl_up_sync(0xffffffffu, lane, 2, width);
  out[64 + lane] = __shfl_down_sync(0xffffffffu, lane, 2, width);
  out[96 + lane] = __shfl_xor_sync(0xffffffffu, lane, 5, width);
}

__global__ void store_kernel(float* out, float value) { *out = value; }

__global__ void shared_kernel(int* out, int count) {
  int* const slots = cuda::dynamic_shared<int>();
  slots[count - 1] = 1;
  *out = slots[count - 1];
}

}  // namespace

cudaError_t launch_planted(Fault fault, float* out, const float* in, int blocks, cudaStream_t stream) {
  static const float host[block_size] = {};
  return start(planted_kernel, blocks, block_size, block_size * sizeof(float), stream, fault, out, in, host);
}

cudaError_t launch_count(int* out, const int* in, int count, cudaStream_t stream) {
  return start(count_kernel, (count + 127) / 128, 128, 0, stream, out, in, count);
}

cudaError_t launch_shuffles(int* out, int width, cudaStream_t stream) {
  return start(shuffle_kernel, 1, 32, 0, stream, out, width);
}

cudaError_t launch_with_shared(int* out, std::size_t bytes, cudaStream_t stream) {
  return start(shared_kernel, 1, 1, bytes, stream, out, static_cast<int>(bytes / sizeof(int)));
}

cudaError_t allow_shared(int bytes) {
  return cudaFuncSetAttribute(shared_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
}

int active_blocks(int threads, std::size_t shared_bytes) {
  int blocks = -1;
  const cudaError_t error =
      cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, shared_kernel, threads, shared_bytes);
  return error == cudaSuccess ? blocks : -1;
}

cudaError_t launch_store(float* out, float value, cudaStream_t stream) {
  return start(store_kernel, 1, 1, 0, stream, out, value);
}

}  // namespace attune::test
