// The whole network: a step of training, and inference.
#include <cmath>
#include <cstring>
#include <memory>

#include "benchmarks/peers/contest.h"
#include "embed/attune/harmonizer.h"
#include "embed/model_on_device.h"
#include "layers/graph.h"
#include "tools/train/training_step.h"

namespace attune::peers {

namespace {

struct Step {
  Context context;
  tools::TrainingStep step;
  tools::Batch batch;
  std::int64_t number = 0;
  Tensor reconstruction{{1}, DType::f32};

  Step(const SafetensorsFile& inputs, const std::string& config, int threads)
      : context({}, threads), step(context, tools::load_config(config, {})) {
    for (const Parameter& parameter : step.network().store().all())
      step.network().store().load(parameter.name, input(inputs, parameter.name).view());
    const auto copy = [&](const char* name) { return input(inputs, name).to({}); };
    batch.composite = copy("composite");
    batch.real = copy("real");
    batch.mask = copy("mask");
  }
  void run() {
    step.feed(batch);
    step.enqueue(++number);
    *reconstruction.as<float>() = static_cast<float>(step.finish().reconstruction);
  }
};

struct Network {
  Context context;
  ModelOnDevice model;
  Graph graph;
  ValueId composite, mask, output;

  Network(const SafetensorsFile& inputs, const std::string& path, int threads)
      : context({}, threads), model(std::make_shared<const Model>(path), Device{}) {
    composite = graph.input("composite");
    mask = graph.input("mask");
    output = model.harmonizer().add_to(graph, composite, mask);
    graph.keep(output);
    const Tensor &picture = input(inputs, "composite"), &region = input(inputs, "mask");
    graph.plan(
        context,
        {{composite, {picture.shape(), DType::f32, true}}, {mask, {region.shape(), DType::f32, false}}},
        Mode::inference);
    graph.pack_parameters(context);
    copy(picture, composite);
    copy(region, mask);
  }
  void copy(const Tensor& from, ValueId to) {
    std::memcpy(graph.value(to).data, from.view().data, static_cast<std::size_t>(from.view().bytes()));
  }
};

struct Picture {
  api::Harmonizer harmonizer;
  std::vector<std::uint8_t> image, mask, out;
  attune_picture picture{};
  Tensor result;

  Picture(const SafetensorsFile& inputs, const std::string& path, int threads)
      : harmonizer(api::Model(path), -1, threads), result(input(inputs, "composite").shape(), DType::f32) {
    const auto bytes = [&](const char* name) {
      const Tensor& tensor = input(inputs, name);
      std::vector<std::uint8_t> values(static_cast<std::size_t>(tensor.view().elements()));
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<std::uint8_t>(std::lround(255 * tensor.as<float>()[i]));
      return values;
    };
    image = bytes("composite");
    mask = bytes("mask");
    out.resize(image.size());
    picture.height = result.shape()[1];
    picture.width = result.shape()[2];
    picture.format = ATTUNE_RGB8;
    picture.image = image.data();
    picture.mask = mask.data();
    picture.output = out.data();
  }
  TensorView as_floats() {
    for (std::size_t i = 0; i < out.size(); ++i) result.as<float>()[i] = static_cast<float>(out[i]) / 255;
    return result.view();
  }
};

}  // namespace

Contest step_contest(const SafetensorsFile& inputs, const std::string& config, int threads) {
  const auto work = std::make_shared<Step>(inputs, config, threads);
  return {[work] { work->run(); },
          [work] {
            return std::vector<NamedTensorView>{{"reconstruction", work->reconstruction.view()}};
          }};
}

Contest network_contest(const SafetensorsFile& inputs, const std::string& model, int threads) {
  const auto work = std::make_shared<Network>(inputs, model, threads);
  return {[work] { work->graph.forward(work->context); },
          [work] {
            return std::vector<NamedTensorView>{{"y", work->graph.value(work->output)}};
          }};
}

Contest picture_contest(const SafetensorsFile& inputs, const std::string& model, int threads) {
  const auto work = std::make_shared<Picture>(inputs, model, threads);
  return {[work] { work->harmonizer.run(work->picture); },
          [work] {
            return std::vector<NamedTensorView>{{"y", work->as_floats()}};
          }};
}

}  // namespace attune::peers
