// The one place where OpenMP is used: loops whose iterations are independent.
//
// Determinism: what one call of `body` computes must not depend on which thread runs it or how many there
// are. Loops that reduce therefore cut their range into tasks by the problem's size alone, write one partial
// per task, and merge the partials in order afterwards.
#pragma once

#include <cstdint>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace attune {

// body(task) for every task in [0, tasks), on at most `threads` threads, in contiguous static shares.
// The first exception of a body is thrown again on the calling thread.
template <class Body>
void parallel_for(int threads, std::int64_t tasks, const Body& body) {
#ifdef _OPENMP
  if (threads > 1 && tasks > 1) {
    std::exception_ptr error;
    const int team = static_cast<int>(tasks < threads ? tasks : threads);
#pragma omp parallel for schedule(static) num_threads(team)
    for (std::int64_t task = 0; task < tasks; ++task) {
      try {
        body(task);
      } catch (...) {
#pragma omp critical(attune_parallel_for)
        if (!error) error = std::current_exception();
      }
    }
    if (error) std::rethrow_exception(error);
    return;
  }
#endif
  (void)threads;
  for (std::int64_t task = 0; task < tasks; ++task) body(task);
}

// The range [begin, end) of part `index` when `total` items are cut into `parts` nearly equal runs.
struct Range {
  std::int64_t begin, end;
};
constexpr Range part_of(std::int64_t total, std::int64_t parts, std::int64_t index) {
  return {total * index / parts, total * (index + 1) / parts};
}

// Ops whose tasks each need scratch memory cut their rows into this many parts, whatever the number of threads: enough
// to balance the cores of any machine that computes on CPUs, few enough that the scratch stays small.
inline constexpr std::int64_t scratch_parts = 64;

}  // namespace attune
