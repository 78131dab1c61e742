// Small kernels, right ones and ones with one fault each, for the tests of the runtime itself.
#pragma once

#include <cuda_runtime.h>

namespace attune::test {

enum class Fault {
  none,
  missing_barrier,        // neighbours' values are read without __syncthreads
  missing_syncwarp,       // the same within a warp
  shuffle_is_no_barrier,  // a shuffle between write and read
  write_after_read,       // the slots are used again without a barrier
  divergent_barrier,      // half of the block does not arrive
  two_barriers,           // the halves arrive at different barriers
  barrier_after_exit,     // half of the block has returned
  shared_out_of_bounds,   // one past the slots
  rows_out_of_bounds,     // beyond the rows of a tile
  dynamic_out_of_bounds,  // one past what the launch asked for
  global_read_out_of_bounds,
  global_write_out_of_bounds,
  host_pointer,
  unwritten_shared,
  unwritten_global,
  two_blocks_write,        // blocks write one element
  read_across_blocks,      // blocks read what one of them reads as well and then writes
  global_missing_barrier,  // within a block
  misaligned_vector,
  misaligned_store,
  lane_outside_mask,
  shuffle_from_outside_mask,
  lane_that_ended,  // a warp operation waits for a lane that has returned
  lane_elsewhere,   // half of a warp shuffles under a mask of all, the others wait at a barrier
  two_operations,   // .. or at another warp operation
  shuffle_without_self,
  different_masks,   // the halves of a warp shuffle under masks that overlap
  atomic_and_plain,  // a counter written plainly by another thread
};

// Reverses each block's elements, through shared memory; `out` and `in` have blocks * block_size elements.
constexpr int block_size = 64;
cudaError_t launch_planted(Fault fault, float* out, const float* in, int blocks, cudaStream_t stream);

// Sums the integers of `in` with atomics and ballots: out[0] the sum, out[1] the number of odd ones.
cudaError_t launch_count(int* out, const int* in, int count, cudaStream_t stream);

// Every shuffle of `width` lanes: out has 4 * 32 elements.
cudaError_t launch_shuffles(int* out, int width, cudaStream_t stream);

// Writes 1 to *out by way of the last of `bytes` of dynamic shared memory; more than 48 KiB have to be allowed first.
cudaError_t launch_with_shared(int* out, std::size_t bytes, cudaStream_t stream);
cudaError_t allow_shared(int bytes);
// Blocks of launch_with_shared on one multiprocessor.
int active_blocks(int threads, std::size_t shared_bytes);

// Writes `value` to *out.
cudaError_t launch_store(float* out, float value, cudaStream_t stream);

}  // namespace attune::test
