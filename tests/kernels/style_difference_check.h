// A style_difference problem in tensors of one dtype, and the comparison of the op on any device with the reference.
#pragma once

#include <cmath>
#include <deque>

#include "core/context.h"
#include "kernels/masked_style/masked_style.h"
#include "kernels/style_difference/style_difference.h"
#include "tests/kernels/style_difference_cases.h"
#include "tests/reference/style_difference_reference.h"
#include "tests/support/inputs.h"
#include "tests/support/op_checks.h"

namespace attune::test {

// Inputs drawn from the case and the seed; outputs poisoned, but for gradients that are added to.
struct StyleDifferenceProblem {
  struct MapTensors {
    TestTensor mean, sd, weight, dmean, dsd;
    GradientMode mode;
  };
  std::deque<MapTensors> maps;
  TestTensor y, dy;

  // `dtype` is f32, or f64 for the reference.
  StyleDifferenceProblem(const StyleDifferenceCase& c, DType dtype, std::uint64_t seed, Device device = {})
      : y(c.rows(), dtype, c.offset, device), dy(c.rows(), dtype, c.offset, device) {
    dy.set(rounded(make_values(Values::random, dy.shape().elements(), seed), DType::f32));
    for (std::size_t index = 0; index < c.channels.size(); ++index)
      add_map(c, index, dtype, seed + 10 * (index + 1), device);
  }

  style_difference::Forward forward() const {
    style_difference::Forward a;
    a.maps = map_views();
    a.count = static_cast<int>(maps.size());
    a.y = y.view();
    return a;
  }
  style_difference::Backward backward() const {
    style_difference::Backward a;
    a.maps = map_views();
    a.count = static_cast<int>(maps.size());
    a.dy = dy.view();
    for (std::size_t index = 0; index < maps.size(); ++index)
      a.gradients[index] = {maps[index].dmean.view(), maps[index].dsd.view(), maps[index].mode};
    return a;
  }

 private:
  void add_map(const StyleDifferenceCase& c, std::size_t index, DType dtype, std::uint64_t seed,
               Device device) {
    const Shape style{2, c.images, c.channels[index]}, regions{2, c.images};
    const auto tensor = [&](const Shape& shape) { return TestTensor(shape, dtype, c.offset, device); };
    maps.push_back({tensor(style), tensor(style), tensor(regions), tensor(style), tensor(style),
                    c.modes[index % c.modes.size()]});
    MapTensors& map = maps.back();
    const auto values = [&](std::uint64_t stream) {
      return rounded(make_values(Values::random, style.elements(), seed + stream), DType::f32);
    };
    map.mean.set(values(0));
    std::vector<double> sd = values(1);
    for (double& value : sd) value = std::exp(value);
    map.sd.set(rounded(sd, DType::f32));
    map.weight.set(rounded(weights(c, index), DType::f32));
    if (map.mode != GradientMode::overwrite) {
      map.dmean.set(values(2));
      map.dsd.set(values(3));
    }
  }

  // Just enough, but where a region is to be missing: there just too little.
  static std::vector<double> weights(const StyleDifferenceCase& c, std::size_t map) {
    const auto images = static_cast<std::size_t>(c.images);
    const double least = static_cast<double>(masked_style::minimum_weight);
    std::vector<double> weight(2 * images, least);
    if (images == 0 || map % 2 == 1) return weight;
    if (c.missing == MissingRegion::one_foreground) weight[images - 1] = 0.999 * least;
    if (c.missing == MissingRegion::one_background) weight[2 * images - 1] = 0.999 * least;
    if (c.missing == MissingRegion::all) std::fill(weight.begin(), weight.end(), 0.0);
    return weight;
  }

  std::array<style_difference::Map, style_difference::max_maps> map_views() const {
    std::array<style_difference::Map, style_difference::max_maps> views;
    for (std::size_t index = 0; index < maps.size(); ++index)
      views[index] = {maps[index].mean.view(), maps[index].sd.view(), maps[index].weight.view()};
    return views;
  }
};

inline void check_style_difference(Context& context, const StyleDifferenceCase& c, std::uint64_t seed) {
  INFO("style_difference case " << c.name << ", seed " << seed);
  const StyleDifferenceProblem plain(c, DType::f32, seed), exact(c, DType::f64, seed);
  reference::style_difference::forward<float>(plain.forward());
  reference::style_difference::forward<double>(exact.forward());
  reference::style_difference::backward<float>(plain.backward());
  reference::style_difference::backward<double>(exact.backward());
  const StyleDifferenceProblem actual(c, DType::f32, seed, context.device());
  style_difference::forward(context, actual.forward());
  style_difference::backward(context, actual.backward());
  check_close("y", actual.y, plain.y, exact.y);
  for (std::size_t map = 0; map < exact.maps.size(); ++map) {
    INFO("map " << map);
    check_close("dmean", actual.maps[map].dmean, plain.maps[map].dmean, exact.maps[map].dmean);
    check_close("dsd", actual.maps[map].dsd, plain.maps[map].dsd, exact.maps[map].dsd);
  }
}

}  // namespace attune::test
