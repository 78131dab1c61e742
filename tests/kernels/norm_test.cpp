#include <catch2/catch.hpp>
#include <limits>

#include "tests/kernels/norm_check.h"
#include "tests/support/cpu_targets.h"

namespace attune::test {

namespace {

constexpr std::uint64_t seed = 7;

template <class Body>
void for_each_case(const Body& body) {
  for (const NormCase& c : norm_cases())
    if (c.elements <= most_norm_elements_tested) body(c);
}

std::vector<char> bits_of(const NormCase& c, int threads) {
  const NormProblem problem(c, DType::f32, seed);
  Context context({}, threads);
  norm::forward(context, problem.forward());
  return problem.norm.bytes();
}

double norm_of(const std::vector<double>& values) {
  const TestTensor x({static_cast<std::int64_t>(values.size())}, DType::f32, values), norm({1}, DType::f32);
  Context context({}, 1);
  norm::forward(context, {x.view(), norm.view()});
  return norm.get()[0];
}

}  // namespace

TEST_CASE("norm equals the reference on every instruction set") {
  Context context({}, 2);
  for_each_cpu_target([&] { for_each_case([&](const NormCase& c) { check_norm(context, c, seed); }); });
}

TEST_CASE("norm has the same bits for any number of threads and on every instruction set") {
  for_each_case([](const NormCase& c) {
    INFO("norm case " << c.name);
    const std::vector<char> expected = bits_of(c, 1);
    for_each_cpu_target([&] {
      for (const int threads : {1, 2, 4}) CHECK(bits_of(c, threads) == expected);
    });
  });
}

TEST_CASE("norm of special values") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(norm_of({}) == 0);
  CHECK(norm_of({3, -4}) == 5);
  CHECK(norm_of({0, 0, 0}) == 0);
  CHECK(norm_of({1e-40, 0}) == Approx(1e-40).epsilon(1e-4));   // a denormal: few digits, but not 0
  CHECK(norm_of(std::vector<double>(100, 1e38)) == infinity);  // beyond f32, though no square overflowed
  CHECK(norm_of({1, -infinity, 2}) == infinity);
  CHECK(std::isnan(norm_of({1, NAN, infinity})));
  std::vector<double> long_one(20000, 1.0);
  long_one.back() = NAN;
  CHECK(std::isnan(norm_of(long_one)));
}

TEST_CASE("norm refuses what its contract forbids and writes nothing") {
  const TestTensor x({4}, DType::f32, {1, 2, 3, 4}), norm({1}, DType::f32), exact_norm({1}, DType::f64);
  const TestTensor matrix({2, 2}, DType::f32), half({4}, DType::bf16), exact({4}, DType::f64),
      pair({2}, DType::f32);
  const auto refused = [&](const norm::Forward& arguments, ErrorKind kind = ErrorKind::argument) {
    Context context({}, 1);
    check_refused(
        "norm", {&norm, &pair, &exact_norm}, [&] { norm::forward(context, arguments); }, kind);
  };
  refused({matrix.view(), norm.view()});
  refused({half.view(), norm.view()});
  refused({exact.view(), norm.view()});
  refused({x.view(), pair.view()});
  refused({x.view(), {}});
  refused({exact.view(), exact_norm.view()}, ErrorKind::unsupported);
}

TEST_CASE("norm takes no more scratch than it says") {
  for_each_case([](const NormCase& c) {
    const NormProblem problem(c, DType::f32, seed);
    Context context({}, 2);
    void* reserved = context.workspace(std::max<std::int64_t>(1, norm::workspace_bytes(c.elements, {})));
    norm::forward(context, problem.forward());
    CHECK(context.workspace(1) == reserved);
  });
}

}  // namespace attune::test
