// What the tests of every op on CUDA have in common. Op names the op under test:
//
//     Op::cases()                  its cases
//     Op::elements(case)           of its largest tensor
//     Op::check(context, case)     against the reference
//     Op::bits(context, case)      the bytes of all outputs of a fresh run
#pragma once

#include <functional>
#include <vector>

#include "tests/cuda_on_host/schedule.h"

namespace attune::test {

using Bytes = std::vector<std::vector<char>>;

// The host's runtime takes about 0.1 us an access.
inline constexpr std::int64_t most_elements_on_host = 300000, few_elements = 50000, very_few_elements = 4000;

template <class Op>
auto cases_up_to(std::int64_t elements) {
  auto chosen = Op::cases();
  chosen.erase(
      std::remove_if(chosen.begin(), chosen.end(), [&](const auto& c) { return Op::elements(c) > elements; }),
      chosen.end());
  REQUIRE(!chosen.empty());
  return chosen;
}

// On one multiprocessor a thread has many elements, on 132 each has few.
template <class Op>
void check_agreement() {
  if (!have_cuda_device()) return;
  Context context(cuda_device);
  for (const auto& c : cases_up_to<Op>(most_elements_on_host)) Op::check(context, c);
  for_each_multiprocessor_count({1, 132}, [&] {
    for (const auto& c : cases_up_to<Op>(few_elements)) Op::check(context, c);
  });
}

template <class Op>
void check_schedules() {
  if (!have_cuda_device()) return;
  for (const auto& c : cases_up_to<Op>(few_elements)) {
    INFO("case " << std::invoke(&std::decay_t<decltype(c)>::name, c));  // a member or a function
    Bytes first;
    for_each_schedule(Op::elements(c) <= very_few_elements ? 8 : 2, [&] {
      Context context(cuda_device);
      const Bytes bytes = Op::bits(context, c);
      if (first.empty()) first = bytes;
      CHECK(bytes == first);
    });
  }
}

}  // namespace attune::test
