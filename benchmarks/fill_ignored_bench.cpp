#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/fill_ignored/fill_ignored.h"

namespace attune::bench {
namespace {

// What the network sees of a photograph, of which all but a disc is ignored.
struct Problem {
  static constexpr std::int64_t height = 171, width = 256;
  Tensor colours = random_tensor({height, width, 3}, DType::f32, 1), shares = disc_mask(1, height, width),
         mask = Tensor::zeros({height, width}, DType::f32, device());

  void run(Context& context) {
    const Shape cells{height, width};
    fill_ignored::forward(context, {colours.view(), mask.view(), shares.view().reshaped(cells)});
  }
};

const Rows rows([] {
  const Shape colours{Problem::height, Problem::width, 3};
  add_row("fill_ignored/forward/f32/171x256x3", fill_ignored::forward_cost(colours), [](Context& context) {
    const auto problem = std::make_shared<Problem>();
    return [problem, &context] { problem->run(context); };
  });
});

}  // namespace
}  // namespace attune::bench
