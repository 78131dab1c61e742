// Shapes, views and tensors: what they compute, and what they refuse.
#include "core/tensor.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>

#include "tests/support/errors.h"

using namespace attune;
using attune::test::kind_of;

namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("Products are checked before they overflow") {
  CHECK(checked_multiply(0, largest) == 0);
  CHECK(checked_multiply(largest, 0) == 0);
  CHECK(checked_multiply(largest, 1) == largest);
  CHECK(checked_multiply(3037000499, 3037000499) == 9223372030926249001);
  CHECK(kind_of([] { checked_multiply(3037000500, 3037000500); }) == ErrorKind::argument);
  CHECK(kind_of([] { checked_multiply(largest, 2); }) == ErrorKind::argument);
  CHECK(kind_of([] { checked_multiply(-1, 2); }) == ErrorKind::argument);
  CHECK(kind_of([] { checked_multiply(2, -1); }) == ErrorKind::argument);
}

TEST_CASE("Narrowing is checked at both ends") {
  CHECK(checked_cast<int>(2147483647) == 2147483647);
  CHECK(checked_cast<int>(-2147483648LL) == -2147483647 - 1);
  CHECK(kind_of([] { checked_cast<int>(2147483648LL); }) == ErrorKind::argument);
  CHECK(kind_of([] { checked_cast<int>(-2147483649LL); }) == ErrorKind::argument);
  CHECK(checked_cast<std::uint64_t>(largest) == static_cast<std::uint64_t>(largest));
  CHECK(kind_of([] { checked_cast<std::uint8_t>(-1); }) == ErrorKind::argument);
  CHECK(kind_of([] { checked_cast<std::uint8_t>(256); }) == ErrorKind::argument);
}

TEST_CASE("A shape knows its rank, extents and elements") {
  CHECK(Shape{}.rank() == 0);
  CHECK(Shape{}.elements() == 1);
  CHECK(Shape{0, 5}.elements() == 0);
  CHECK(Shape{2, 3, 4, 5}.elements() == 120);
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK(Shape{2, 3} != Shape{3, 2});
  CHECK(Shape{2} != Shape{2, 1});
  CHECK(text(Shape{8, 192, 1}) == "[8x192x1]");
  CHECK(text(Shape{}) == "[]");
  CHECK(kind_of([] { Shape{1, 1, 1, 1, 1}; }) == ErrorKind::argument);
  CHECK(kind_of([] { Shape{2, -1}; }) == ErrorKind::argument);
  CHECK(kind_of([] { Shape{largest, 2}; }) == ErrorKind::argument);
  CHECK(kind_of([] { Shape{1 << 16, 1 << 16, 1 << 16, 1 << 16}; }) == ErrorKind::argument);
}

TEST_CASE("A view slices along the first axis and reshapes without copying") {
  float data[24];
  for (int i = 0; i < 24; ++i) data[i] = static_cast<float>(i);
  const TensorView view(data, {2, 3, 1, 4});
  CHECK(view.dtype == DType::f32);
  CHECK(view.bytes() == 96);
  const TensorView part = view.slice(1);
  CHECK(part.shape == Shape{3, 1, 4});
  CHECK(part.as<float>() == data + 12);
  CHECK(part.slice(2).slice(0).slice(3).as<float>() == data + 23);
  CHECK(part.slice(2).slice(0).slice(3).shape == Shape{});
  CHECK(view.reshaped({6, 4}).slice(5).as<float>() == data + 20);
  CHECK(kind_of([&] { view.slice(2); }) == ErrorKind::argument);
  CHECK(kind_of([&] { view.slice(-1); }) == ErrorKind::argument);
  CHECK(kind_of([&] { TensorView(data, Shape{}).slice(0); }) == ErrorKind::argument);
  CHECK(kind_of([&] { view.reshaped({5, 5}); }) == ErrorKind::argument);
  CHECK(kind_of([&] { view.as<bfloat16>(); }) == ErrorKind::internal);
  const ConstTensorView constant = view;
  CHECK(constant.as<float>() == data);
  CHECK(TensorView().empty());
  const std::int32_t index = 1;
  CHECK(ConstTensorView(&index, {1}).dtype == DType::i32);
  const ConstTensorView huge(data, {largest / 2}, DType::f64);
  CHECK(kind_of([&] { huge.bytes(); }) == ErrorKind::argument);
}

TEST_CASE("A tensor owns aligned memory and copies it") {
  Tensor tensor = Tensor::zeros({3, 5}, DType::f32);
  CHECK(reinterpret_cast<std::uintptr_t>(tensor.view().data) % 64 == 0);
  for (int i = 0; i < 15; ++i) CHECK(tensor.as<float>()[i] == 0);
  tensor.as<float>()[7] = 2;
  const Tensor copy = tensor.to({});
  tensor.as<float>()[7] = 3;
  CHECK(copy.as<float>()[7] == 2);
  CHECK(Tensor().empty());
  CHECK_FALSE(Tensor({0}, DType::f32).empty());  // an empty tensor still has an address
  CHECK(kind_of([] { Tensor({largest / 2}, DType::f64); }) == ErrorKind::argument);
  CHECK(kind_of([] { allocate({}, -1); }) == ErrorKind::argument);
  if (!built_with_cuda)
    CHECK(kind_of([] { Tensor({1}, DType::f32, {DeviceKind::cuda, 0}); }) == ErrorKind::unsupported);
  CHECK(text(Device{}, " ", Device{DeviceKind::cuda, 1}) == "cpu cuda:1");
}

TEST_CASE("Every dtype has a size and a name, and statistics are at least f32") {
  const DType dtypes[] = {DType::f32, DType::bf16, DType::f64, DType::i32, DType::u8};
  const std::int64_t sizes[] = {4, 2, 8, 4, 1};
  const char* names[] = {"f32", "bf16", "f64", "i32", "u8"};
  for (int i = 0; i < 5; ++i) {
    CHECK(size_of(dtypes[i]) == sizes[i]);
    CHECK(std::string(name_of(dtypes[i])) == names[i]);
    CHECK(is_activation(dtypes[i]) == (i < 3));
  }
  CHECK(statistics_dtype(DType::bf16) == DType::f32);
  CHECK(statistics_dtype(DType::f64) == DType::f64);
}
