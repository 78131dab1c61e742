#include <cstdlib>
#include <filesystem>

#include "tests/kernels/matmul_check.h"

using namespace attune;
using namespace attune::test;

namespace {

using Setup = LinearMapSetup<MatmulOp>;

std::vector<double> zeros(const TestTensor& tensor) {
  return std::vector<double>(static_cast<std::size_t>(tensor.shape().elements()), 0.0);
}

}  // namespace

TEST_CASE("matmul computes what the reference computes", "[accuracy]") {
  Context context({}, 2);
  for (const MatmulCase& c : matmul_cases()) check_against_reference<MatmulOp>(context, c);
}

TEST_CASE("matmul honours every gradient mode", "[accuracy]") {
  Context context({}, 2);
  for (const Activation activation : {Activation::none, Activation::leaky_relu})
    for (const DType dtype : {DType::f32, DType::bf16})
      check_modes<MatmulOp>(context, {61, 5, 33, activation, Values::random, 0, dtype});
}

TEST_CASE("matmul plans its workspace", "[accuracy]") {
  for (const MatmulCase& c : matmul_cases()) check_workspace<MatmulOp>(c);
}

// Other processors' paths; oneDNN reads the variable once, hence the process of its own.
TEST_CASE("matmul computes the same on older processors") {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  for (const char* isa : {"AVX2", "SSE41"}) {
    const std::string command = text("ONEDNN_MAX_CPU_ISA=", isa, " '", program, "' '[accuracy]' > /dev/null");
    INFO(command);
    CHECK(std::system(command.c_str()) == 0);
  }
}

TEST_CASE("matmul's reference agrees with central differences") {
  check_reference_gradients<MatmulOp>({7, 5, 3});
  check_reference_gradients<MatmulOp>({7, 5, 3, Activation::leaky_relu});
  check_reference_gradients<MatmulOp>({4, 3, 6, Activation::relu});
}

TEST_CASE("matmul repeats its bits for equal numbers of threads") {
  check_repeatable<MatmulOp>({512, 32, 64, Activation::relu});
  check_repeatable<MatmulOp>({512, 32, 64, Activation::relu, Values::random, 0, DType::bf16});
}

TEST_CASE("matmul without rows is defined") {
  Context context;
  const MatmulCase c{0, 5, 3, Activation::relu};
  CHECK(MatmulOp::workspace_bytes(c, 1) == 0);
  Setup s(c);
  matmul::forward(context, s.forward(), c.options());
  matmul::backward(context, s.backward(), c.options());
  CHECK(s.dweights.get() == zeros(s.dweights));
  CHECK(s.dbias.get() == zeros(s.dbias));
  s.dweights.set(make_values(Values::random, s.dweights.shape().elements(), 3));
  const std::vector<double> start = s.dweights.get();
  matmul::backward(context, s.backward(GradientMode::accumulate, GradientMode::accumulate), c.options());
  CHECK(s.dweights.get() == start);
}

TEST_CASE("matmul rejects arguments that its contract forbids and writes nothing") {
  Context context;
  const MatmulCase c{7, 5, 3, Activation::leaky_relu};
  const Setup s(c);
  const TestTensor wrong({7, 6}, DType::f32), half({7, 5}, DType::bf16), row({4}, DType::f32);
  const auto reject_forward = [&](const std::function<void(matmul::Forward&, matmul::Options&)>& spoil) {
    matmul::Forward a = s.forward();
    matmul::Options options = c.options();
    spoil(a, options);
    check_rejected<MatmulOp>(s, [&] { matmul::forward(context, a, options); });
  };
  const auto reject_backward = [&](const std::function<void(matmul::Backward&)>& spoil) {
    matmul::Backward a = s.backward();
    spoil(a);
    check_rejected<MatmulOp>(s, [&] { matmul::backward(context, a, c.options()); });
  };
  reject_forward([&](auto& a, auto&) { a.x = wrong.view(); });
  reject_forward([&](auto& a, auto&) { a.x = half.view(); });
  reject_forward([&](auto& a, auto&) { a.x = row.view(); });
  reject_forward([&](auto& a, auto&) { a.weights.dtype = DType::f64; });
  reject_forward([&](auto& a, auto&) { a.weights.shape = {0, 5}; });
  reject_forward([&](auto& a, auto&) { a.bias = row.view(); });
  reject_forward([&](auto& a, auto&) { a.y = wrong.view(); });
  reject_forward([&](auto&, auto& options) { options.slope = -1; });
  reject_backward([&](auto& a) { a.y = {}; });
  reject_backward([&](auto& a) { a.dy = wrong.view(); });
  reject_backward([&](auto& a) { a.dx = wrong.view(); });
  reject_backward([&](auto& a) { a.dweights = wrong.view(); });
  reject_backward([&](auto& a) { a.dbias = row.view(); });
}
