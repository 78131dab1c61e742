#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "tests/kernels/convolution_check.h"

#ifdef _OPENMP
#include <omp.h>
#endif

using namespace attune;
using namespace attune::test;

namespace {

using Setup = LinearMapSetup<ConvolutionOp>;

ConvolutionCase with_dtype(ConvolutionCase c, DType dtype) {
  c.dtype = dtype;
  return c;
}

std::vector<double> zeros(const TestTensor& tensor) {
  return std::vector<double>(static_cast<std::size_t>(tensor.shape().elements()), 0.0);
}

}  // namespace

TEST_CASE("convolution computes what the reference computes", "[accuracy]") {
  Context context({}, 2);
  for (const ConvolutionCase& c : convolution_cases()) check_against_reference<ConvolutionOp>(context, c);
}

TEST_CASE("convolution honours every gradient mode", "[accuracy]") {
  Context context({}, 2);
  for (const Activation activation : {Activation::none, Activation::leaky_relu})
    for (const DType dtype : {DType::f32, DType::bf16})
      check_modes<ConvolutionOp>(context,
                                 with_dtype(convolution_case({2, 7, 13, 5}, 33, 3, 1, activation), dtype));
}

// Other processors' paths: f32 without AVX-512, and bf16 where oneDNN has none. oneDNN reads the variable once,
// hence the process of its own.
TEST_CASE("convolution computes the same on older processors") {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  for (const char* isa : {"AVX2", "SSE41"}) {
    const std::string command = text("ONEDNN_MAX_CPU_ISA=", isa, " '", program, "' '[accuracy]' > /dev/null");
    INFO(command);
    CHECK(std::system(command.c_str()) == 0);
  }
}

TEST_CASE("convolution's reference agrees with central differences") {
  constexpr auto leaky = Activation::leaky_relu;
  for (ConvolutionCase c :
       {convolution_case({2, 5, 4, 3}, 4, 3, 1), convolution_case({1, 6, 5, 2}, 3, 3, 2, leaky),
        convolution_case({2, 3, 4, 5}, 2, 1, 1, Activation::relu)}) {
    check_reference_gradients<ConvolutionOp>(c);
    c.options.dilation = 2;
    c.options.padding = 2;
    check_reference_gradients<ConvolutionOp>(c);
  }
}

TEST_CASE("convolution repeats its bits for equal numbers of threads") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    check_repeatable<ConvolutionOp>(
        with_dtype(convolution_case({2, 24, 23, 16}, 12, 3, 1, Activation::leaky_relu), dtype));
    check_repeatable<ConvolutionOp>(with_dtype(convolution_case({5, 7, 13, 33}, 5, 3, 2), dtype));
  }
}

TEST_CASE("convolution plans its workspace", "[accuracy]") {
  for (const ConvolutionCase& c : convolution_cases()) check_workspace<ConvolutionOp>(c);
  const ConvolutionCase c = convolution_case({8, 192, 192, 16}, 16, 3, 1, Activation::leaky_relu);
  CHECK(convolution::forward_workspace_bytes(c.input, c.weights(), c.dtype, c.options, {}, 2) < (1 << 20));
}

TEST_CASE("convolution reads packed weights in the others' place", "[accuracy]") {
  Context context({}, 2);
  for (const ConvolutionCase& c : convolution_cases()) {
    INFO(c.name());
    const Setup own(c);
    Setup given(c);
    const std::int64_t bytes = convolution::packed_bytes(context, c.x(), c.weights(), c.dtype, c.options);
    CHECK(bytes >= c.weights().elements() * size_of(c.dtype));
    Tensor packed({bytes / size_of(DType::f32)}, DType::f32);
    convolution::pack_weights(context, c.x(), given.weights.view(), c.dtype, c.options, packed.view().data);
    given.weights.set(std::vector<double>(static_cast<std::size_t>(c.weights().elements()), NAN));
    convolution::Forward a = given.forward();
    a.packed_weights = packed.view().data;
    convolution::forward(context, own.forward(), c.options);
    convolution::forward(context, a, c.options);
    CHECK(given.out.bytes() == own.out.bytes());
  }
}

TEST_CASE("convolution without pixels is defined") {
  Context context;
  std::vector<ConvolutionCase> cases = {
      convolution_case({0, 7, 13, 5}, 4, 3, 1), convolution_case({2, 0, 13, 5}, 4, 3, 2),
      convolution_case({2, 7, 0, 5}, 4, 1, 1, Activation::relu), convolution_case({2, 2, 2, 5}, 4, 3, 1)};
  cases[3].options.padding = 0;  // the window does not fit
  for (const ConvolutionCase& c : cases) {
    INFO(c.name());
    CHECK(c.y().elements() == 0);
    CHECK(ConvolutionOp::workspace_bytes(c, 1) == 0);
    Setup s(c);
    convolution::forward(context, s.forward(), c.options);
    convolution::backward(context, s.backward(), c.options);
    CHECK(s.dx.get() == zeros(s.dx));
    CHECK(s.dweights.get() == zeros(s.dweights));
    CHECK(s.dbias.get() == zeros(s.dbias));

    const std::vector<double> before = make_values(Values::random, s.dweights.shape().elements(), 3);
    s.dweights.set(before);
    const std::vector<double> start = s.dweights.get();
    convolution::backward(context, s.backward(GradientMode::accumulate, GradientMode::accumulate), c.options);
    CHECK(s.dx.get() == zeros(s.dx));
    CHECK(s.dweights.get() == start);
    CHECK(s.dbias.get() == zeros(s.dbias));
  }
}

TEST_CASE("convolution needs no y without activation, and no outputs that are ignored") {
  Context context;
  const ConvolutionCase c = convolution_case({2, 7, 13, 5}, 4, 3, 1);
  const Setup s(c);
  convolution::Backward a;
  a.x = s.x.view();
  a.weights = s.weights.view();
  a.dy = s.dy.view();
  a.dx = s.dx.view();
  a.dweights_mode = GradientMode::ignore;
  convolution::backward(context, a, c.options);
  const Setup full(c);
  convolution::backward(context, full.backward(), c.options);
  CHECK(s.dx.bytes() == full.dx.bytes());
}

TEST_CASE("convolution rejects arguments that its contract forbids and writes nothing") {
  Context context;
  const ConvolutionCase c = convolution_case({2, 7, 13, 5}, 4, 3, 1, Activation::leaky_relu);
  const Setup s(c);
  const TestTensor wrong({2, 7, 13, 6}, DType::f32), half({2, 7, 13, 5}, DType::bf16), row({3}, DType::f32);
  const auto reject_forward =
      [&](const std::function<void(convolution::Forward&, convolution::Options&)>& spoil) {
        convolution::Forward a = s.forward();
        convolution::Options options = c.options;
        spoil(a, options);
        check_rejected<ConvolutionOp>(s, [&] { convolution::forward(context, a, options); });
      };
  const auto reject_backward = [&](const std::function<void(convolution::Backward&)>& spoil) {
    convolution::Backward a = s.backward();
    spoil(a);
    check_rejected<ConvolutionOp>(s, [&] { convolution::backward(context, a, c.options); });
  };
  reject_forward([&](auto& a, auto&) { a.x = wrong.view(); });
  reject_forward([&](auto& a, auto&) { a.x = half.view(); });
  reject_forward([&](auto& a, auto&) { a.x = row.view(); });
  reject_forward([&](auto& a, auto&) { a.x.data = nullptr; });
  reject_forward([&](auto& a, auto&) { a.weights.dtype = DType::f64; });
  reject_forward([&](auto& a, auto&) { a.weights.shape = {4, 0, 3, 5}; });
  reject_forward([&](auto& a, auto&) { a.bias = row.view(); });
  reject_forward([&](auto& a, auto&) { a.y = wrong.view(); });
  reject_forward([&](auto&, auto& options) { options.stride = 0; });
  reject_forward([&](auto&, auto& options) { options.padding = -1; });
  reject_forward([&](auto&, auto& options) { options.dilation = 0; });
  reject_forward([&](auto&, auto& options) { options.slope = -0.1f; });
  reject_forward([&](auto&, auto& options) { options.slope = std::numeric_limits<float>::quiet_NaN(); });
  reject_backward([&](auto& a) { a.y = {}; });
  reject_backward([&](auto& a) { a.dy = wrong.view(); });
  reject_backward([&](auto& a) { a.dx = wrong.view(); });
  reject_backward([&](auto& a) { a.dweights = wrong.view(); });
  reject_backward([&](auto& a) { a.dbias = row.view(); });
  const Shape vast{1, std::int64_t{1} << 40, 1, 5};
  check_rejected<ConvolutionOp>(
      s, [&] { static_cast<void>(convolution::output_shape(vast, c.weights(), c.options)); });
}

TEST_CASE("convolution's CPU kernel refuses f64") {
  Context context;
  const ConvolutionCase c = with_dtype(convolution_case({1, 3, 3, 2}, 2, 3, 1), DType::f64);
  const Setup s(c);
  try {
    convolution::forward(context, s.forward(), c.options);
    FAIL("no error was thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::unsupported);
  }
}

#ifdef _OPENMP
TEST_CASE("convolution leaves the caller's number of OpenMP threads as it was") {
  const int before = omp_get_max_threads();
  omp_set_num_threads(3);
  Context context({}, 2);
  const Setup s(convolution_case({1, 3, 3, 2}, 2, 3, 1));
  convolution::forward(context, s.forward());
  CHECK(omp_get_max_threads() == 3);
  omp_set_num_threads(before);
}
#endif

// That bands compute what the whole does, and are as long as they may be.
static void check_pauses(const Setup& setup, const ConvolutionCase& c, int threads, bool packs) {
  Context context({}, threads);
  convolution::Forward a = setup.forward();
  convolution::forward(context, a, c.options);
  const std::vector<char> whole = setup.out.bytes();
  fill_bytes(a.y.data, {}, 0xff, a.y.bytes());
  Tensor packed({convolution::packed_bytes(context, c.x(), c.weights(), c.dtype, c.options)}, DType::u8);
  if (packs) {
    convolution::pack_weights(context, c.x(), a.weights, c.dtype, c.options, packed.view().data);
    a.packed_weights = packed.view().data;
  }
  int pauses = 0;
  const std::function<void()> count = [&] { ++pauses; };
  a.pause = &count;
  convolution::forward(context, a, c.options);
  CHECK((setup.out.bytes() == whole));
  const std::int64_t operations = convolution::forward_cost(c.x(), c.weights(), c.dtype, c.options).flops;
  CHECK(pauses >= operations / 2'000'000'000 / threads);
  CHECK(pauses <= operations / 1'900'000'000 / threads + 1);
}

TEST_CASE("convolution can pause between bands of rows, and computes the same") {
  // More than a band's 2 GFLOP: paddings, strides, dilations, bands in the middle.
  ConvolutionCase dilated = convolution_case({1, 700, 300, 32}, 32, 3, 1), wide = dilated,
                  short_wide = dilated;
  dilated.options.dilation = dilated.options.padding = 2;
  wide.kernel = 5, wide.options.padding = 0;
  short_wide.kernel = 5, short_wide.options.padding = 2, short_wide.input = {1, 391, 300, 32};
  for (const ConvolutionCase& c :
       {convolution_case({1, 1101, 300, 32}, 32, 3, 1, Activation::leaky_relu),
        convolution_case({1, 1401, 300, 32}, 64, 3, 2), dilated, wide, short_wide}) {
    const Setup setup(c);
    for (const int threads : {1, 2})
      for (const bool packs : {false, true}) {
        INFO(c.name() << ", " << threads << " threads, packed " << packs);
        check_pauses(setup, c, threads, packs);
      }
  }
}

TEST_CASE("convolution can be ended in a pause, in which the caller has its own number of threads") {
  const ConvolutionCase c = convolution_case({1, 700, 300, 32}, 32, 3, 1);
  const Setup setup(c);
  Context context({}, 1);
  convolution::Forward a = setup.forward();
#ifdef _OPENMP
  omp_set_num_threads(3);
  int threads_in_pause = 0;
  const std::function<void()> look = [&] { threads_in_pause = omp_get_max_threads(); };
  a.pause = &look;
  convolution::forward(context, a, c.options);
  CHECK(threads_in_pause == 3);
#endif
  const std::function<void()> stop = [] { fail(ErrorKind::cancelled, "enough"); };
  a.pause = &stop;
  CHECK_THROWS_AS(convolution::forward(context, a, c.options), Error);
#ifdef _OPENMP
  CHECK(omp_get_max_threads() == 3);
#endif
}

TEST_CASE("convolution does not pause in short calls, nor in batches") {
  Context context({}, 1);
  for (const ConvolutionCase& c :
       {convolution_case({1, 60, 50, 32}, 32, 3, 1), convolution_case({4, 350, 300, 32}, 32, 3, 1)}) {
    const Setup setup(c);
    convolution::Forward a = setup.forward();
    const std::function<void()> stop = [] { fail(ErrorKind::cancelled, "enough"); };
    a.pause = &stop;
    convolution::forward(context, a, c.options);
  }
}
