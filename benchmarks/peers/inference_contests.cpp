// Inference: the network on pictures of its own size, and a photograph through the C API.
#include <cstring>
#include <memory>

#include "benchmarks/peers/contest.h"
#include "embed/attune/harmonizer.h"
#include "embed/model_on_device.h"
#include "layers/graph.h"

namespace attune::peers {

namespace {

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
  Tensor output;
  attune_picture picture{};

  Picture(const SafetensorsFile& inputs, const std::string& path, int threads)
      : harmonizer(api::Model(path), -1, threads), output(input(inputs, "composite").shape(), DType::u8) {
    picture.height = output.shape()[1];
    picture.width = output.shape()[2];
    picture.format = ATTUNE_RGB8;
    picture.image = input(inputs, "composite").as<std::uint8_t>();
    picture.mask = input(inputs, "mask").as<std::uint8_t>();
    picture.output = output.as<std::uint8_t>();
  }
};

}  // namespace

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
            return std::vector<NamedTensorView>{{"y", work->output.view()}};
          }};
}

}  // namespace attune::peers
