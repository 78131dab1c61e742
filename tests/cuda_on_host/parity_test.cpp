// A training step of networks of random shape on CUDA against the CPU backend. Together they take every op forward and
// backward; adamw, whose step is no smooth function of tiny gradients, is compared by its own test and by 20 steps in
// training_test.cpp, and the reading `literal`, whose nearest positive is another one where rounding decides, likewise.
// ATTUNE_PARITY_NETWORKS says how many, ATTUNE_PARITY_SEED which.
#include <cstdlib>
#include <filesystem>
#include <random>

#include "tests/cuda_on_host/training_run.h"

namespace attune::test {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const value = std::getenv(variable);
  return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : generator_(seed) {}

  // mt19937_64 gives the same numbers everywhere, the standard library's distributions need not.
  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[generator_() % choices.size()];
  }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(generator_() % static_cast<std::uint64_t>(most - least + 1));
  }

 private:
  std::mt19937_64 generator_;
};

Json random_network(std::uint64_t seed) {
  Draw draw(seed);
  Json channels = Json::array(), fusion = Json::array(), levels = Json::array();
  const std::int64_t count = draw.between(2, 4);
  for (std::int64_t level = 0; level < count; ++level) {
    // Not 1: rows of one almost vanishing number have no direction in bf16, and their gradients are noise.
    channels.push_back(draw.one_of({3, 5, 8, 17, 32, 33}));
    fusion.push_back(draw.one_of({"none", "instance", "internal", "external", "learned"}));
    levels.push_back(level);
  }
  const Json model = {{"channels", channels},
                      {"fusion", fusion},
                      {"head", draw.one_of({"affine", "blend"})},
                      {"slope", draw.one_of({0.0, 0.2, 1.0})},
                      {"activations", draw.one_of({"f32", "bf16"})}};
  const Json contrast = {{"weight", 0.01},
                         {"samples", draw.one_of({1, 16, 65})},
                         {"width", draw.one_of({8, 31, 64})},
                         {"levels", levels},
                         {"reading", draw.one_of({"attract", "aligned"})},
                         {"trains_encoder", draw.one_of({false, true})}};
  Json whole_model = model;
  whole_model["global"] = draw.one_of({false, true});
  whole_model["head_level"] = draw.between(0, count - 1);
  return {{"seed", seed},
          {"model", whole_model},
          {"train",
           {{"batch", draw.between(1, 3)},
            {"size", draw.between(std::max<std::int64_t>(8, std::int64_t{1} << count), 40)}}},
          {"loss",
           {{"reconstruction", draw.one_of({"squared", "robust", "absolute", "logarithmic"})},
            {"contrast", contrast}}}};
}

// The parameter whose gradients differ most, as a share of all gradients' norm.
std::string worst_parameter(Run& run, const std::vector<double>& actual,
                            const std::vector<double>& expected) {
  double worst = -1;
  std::string name;
  ParameterStore& store = run.step.network().store();
  const auto* const first = static_cast<const float*>(store.gradients().data);
  for (const Parameter& parameter : store.all()) {
    const auto offset = static_cast<const float*>(parameter.gradient.data) - first;
    double sum = 0;
    for (std::int64_t i = offset; i < offset + parameter.shape.elements(); ++i) {
      const double difference = actual[static_cast<std::size_t>(i)] - expected[static_cast<std::size_t>(i)];
      sum += difference * difference;
    }
    if (sum > worst) {
      worst = sum;
      name = parameter.name;
    }
  }
  return text(name, ", by ", std::sqrt(worst) / norm(expected));
}

// A step's gradients. The contrastive loss amplifies the rounding of bf16 more in some networks than in others: what
// CUDA's may differ from the CPU's by is 4 times what the CPU's differ from those of f32 (math.md, 8).
double tolerance_in_bf16(Json json, const Batch& batch, const std::vector<double>& of_cpu) {
  json["model"]["activations"] = "f32";
  Run exact({}, tools::parse_config(json, "test", std::filesystem::path()));
  exact.enqueue(batch);
  return std::max(5e-2, 4 * relative_error(of_cpu, exact.gradients()));
}

void compare(std::uint64_t seed) {
  const Json json = random_network(seed);
  INFO("ATTUNE_PARITY_NETWORKS=1 ATTUNE_PARITY_SEED=" << seed << ": " << json.dump());
  const Config config = tools::parse_config(json, "test", std::filesystem::path());
  const bool narrow = config.model.options.activations == DType::bf16;
  const Batch batch =
      make_batch(1 + static_cast<std::int64_t>(seed % 2), config.train.batch, config.train.size);
  Run cpu({}, config), cuda(cuda_device, config);
  for (Run* run : {&cpu, &cuda}) run->enqueue(batch);
  const std::vector<double> actual = cuda.gradients(), expected = cpu.gradients();
  INFO("most in " << worst_parameter(cpu, actual, expected));
  CHECK(relative_error(actual, expected) <= (narrow ? tolerance_in_bf16(json, batch, expected) : 1e-4));
  check_losses(cuda.step.finish(), cpu.step.finish(), narrow ? 1e-2 : 1e-3);
}

TEST_CASE("networks of random shape on CUDA have the CPU's losses and gradients") {
  if (!have_cuda_device()) return;
  const std::uint64_t count = number_from("ATTUNE_PARITY_NETWORKS", 4),
                      first = number_from("ATTUNE_PARITY_SEED", 1);
  for (std::uint64_t seed = first; seed < first + count; ++seed) compare(seed);
}

}  // namespace
}  // namespace attune::test
