#include <memory>

#include "benchmarks/bench_support.h"
#include "kernels/style_difference/style_difference.h"
#include "tests/kernels/style_difference_cases.h"

namespace attune::bench {
namespace {

struct Problem {
  std::vector<Tensor> mean, sd, weight, dmean, dsd;
  Tensor y, dy;

  explicit Problem(const test::StyleDifferenceCase& c)
      : y(c.rows(), DType::f32, device()), dy(random_tensor(c.rows(), DType::f32, 1)) {
    for (const std::int64_t channels : c.channels) {
      const Shape style{2, c.images, channels};
      mean.push_back(random_tensor(style, DType::f32, 2));
      sd.push_back(filled(style, 0.5f));
      weight.push_back(filled({2, c.images}, 100));
      dmean.emplace_back(style, DType::f32, device());
      dsd.emplace_back(style, DType::f32, device());
    }
  }

  static Tensor filled(const Shape& shape, float value) {
    Tensor tensor(shape, DType::f32);
    std::fill_n(tensor.as<float>(), shape.elements(), value);
    return on_device(std::move(tensor));
  }

  std::array<style_difference::Map, style_difference::max_maps> maps() {
    std::array<style_difference::Map, style_difference::max_maps> views;
    for (std::size_t map = 0; map < mean.size(); ++map)
      views[map] = {mean[map].view(), sd[map].view(), weight[map].view()};
    return views;
  }
  style_difference::Forward forward() { return {maps(), static_cast<int>(mean.size()), y.view()}; }
  style_difference::Backward backward() {
    style_difference::Backward a;
    a.maps = maps();
    a.count = static_cast<int>(mean.size());
    a.dy = dy.view();
    for (std::size_t map = 0; map < mean.size(); ++map)
      a.gradients[map] = {dmean[map].view(), dsd[map].view()};
    return a;
  }
};

void add_rows(const test::StyleDifferenceCase& c) {
  add_row(row_name("style_difference", "forward", DType::f32, c.rows()),
          style_difference::forward_cost(c.rows()), [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c);
            return [problem, &context] { style_difference::forward(context, problem->forward()); };
          });
  add_row(row_name("style_difference", "backward", DType::f32, c.rows()),
          style_difference::backward_cost(c.rows()), [=](Context& context) {
            const auto problem = std::make_shared<Problem>(c);
            return [problem, &context] { style_difference::backward(context, problem->backward()); };
          });
}

const Rows rows([] {
  for (const test::StyleDifferenceCase& c : test::style_difference_network_cases()) add_rows(c);
});

}  // namespace
}  // namespace attune::bench
