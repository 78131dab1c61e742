#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/convolution/convolution.h"
#include "tests/kernels/convolution_cases.h"

namespace attune::bench {
namespace {

using test::ConvolutionCase;

struct Problem {
  convolution::Options options;
  Tensor x, weights, bias, y, dy, dx, dweights, dbias;

  Problem(const ConvolutionCase& c, DType dtype)
      : options(c.options),
        x(random_tensor(c.x(), dtype, 1)),
        weights(random_tensor(c.weights(), DType::f32, 2)),
        bias(random_tensor({c.weights()[0]}, DType::f32, 3)),
        y(random_tensor(c.y(), dtype, 4)),
        dy(random_tensor(c.y(), dtype, 5)),
        dx(c.x(), dtype, device()),
        dweights(c.weights(), DType::f32, device()),
        dbias({c.weights()[0]}, DType::f32, device()) {}

  void forward(Context& context) {
    convolution::forward(context, {x.view(), weights.view(), bias.view(), y.view()}, options);
  }
  void backward(Context& context) {
    convolution::Backward arguments;
    arguments.x = x.view();
    arguments.weights = weights.view();
    arguments.y = y.view();
    arguments.dy = dy.view();
    arguments.dx = dx.view();
    arguments.dweights = dweights.view();
    arguments.dbias = dbias.view();
    convolution::backward(context, arguments, options);
  }
};

Prepare prepare(const ConvolutionCase& c, DType dtype, void (Problem::*call)(Context&)) {
  return [=](Context& context) {
    const auto problem = std::make_shared<Problem>(c, dtype);
    return [problem, call, &context] { (*problem.*call)(context); };
  };
}

const Rows rows([] {
  for (const ConvolutionCase& c : test::convolution_network_cases())
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const std::string tail = text('/', name_of(dtype), '/', c.shape_name());
      add_row("convolution/forward" + tail, convolution::forward_cost(c.x(), c.weights(), dtype, c.options),
              prepare(c, dtype, &Problem::forward), dtype);
      add_row("convolution/backward" + tail, convolution::backward_cost(c.x(), c.weights(), dtype, c.options),
              prepare(c, dtype, &Problem::backward), dtype);
    }
});

}  // namespace
}  // namespace attune::bench
