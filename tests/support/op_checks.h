// Checks that the tests of several ops share: closeness to the reference, derivatives, equal bits, refused
// arguments.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/cost.h"
#include "core/error.h"
#include "tests/support/compare.h"
#include "tests/support/gradient_check.h"
#include "tests/support/test_tensor.h"

namespace attune::test {

// `values` as `dtype` stores them, so that a problem holds the same numbers in every dtype.
inline std::vector<double> rounded(const std::vector<double>& values, DType dtype) {
  return TestTensor({static_cast<std::int64_t>(values.size())}, dtype, values).get();
}

// `actual` against `exact`, within the tolerance that the plain loop in f32 sets (math.md, 8).
inline void check_close(const char* name, const TestTensor& actual, const TestTensor& plain,
                        const TestTensor& exact) {
  const std::vector<double> expected = exact.get();
  const double bound = tolerance(actual.dtype(), relative_error(plain.get(), expected));
  INFO(name << ", tolerance " << bound);
  CHECK(relative_error(actual.get(), expected) <= bound);
}

inline double inner_product(const TestTensor& a, const TestTensor& b) {
  const std::vector<double> left = a.get(), right = b.get();
  double sum = 0;
  for (std::size_t i = 0; i < left.size(); ++i) sum += left[i] * right[i];
  return sum;
}

// `gradient` against central differences of loss(), a function of what `input` holds.
template <class Loss>
void check_derivative(const char* name, TestTensor& input, const TestTensor& gradient, const Loss& loss,
                      std::uint64_t seed) {
  const std::vector<double> values = input.get();
  const GradientCheck result = check_gradient(
      [&](const std::vector<double>& moved) {
        input.set(moved);
        return loss();
      },
      values, gradient.get(), seed);
  input.set(values);
  INFO(name << ": " << result.failure);
  CHECK(result.ok);
}

// run(context) returns the bytes of a fresh run's outputs.
template <class Run>
void check_same_bits(const Run& run) {
  std::vector<std::vector<char>> first;
  for (const int threads : {1, 2, 4, 4}) {
    Context context(Device{}, threads);
    const std::vector<std::vector<char>> bytes = run(context);
    if (first.empty()) first = bytes;
    CHECK(bytes == first);
  }
}

// call() throws an error of this kind that names the op, and leaves `outputs` as they are.
template <class Call>
void check_refused(const std::string& op, const std::vector<const TestTensor*>& outputs, const Call& call,
                   ErrorKind kind = ErrorKind::argument) {
  std::vector<std::vector<char>> before;
  for (const TestTensor* output : outputs) before.push_back(output->bytes());
  try {
    call();
    FAIL_CHECK("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    CHECK(std::string(error.what()).find(op) == 0);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(outputs[i]->bytes() == before[i]);
}

}  // namespace attune::test
