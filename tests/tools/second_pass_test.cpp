// A step's first pictures are the last results of the step before.
#include "tools/train/second_pass.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "core/context.h"

using namespace attune;
using namespace attune::tools;

namespace {

constexpr std::int64_t batch = 5, pictures = 2;

// A network's memory; every number in it is another, from `first` on.
struct Memory {
  Tensor composite{{batch, 2, 3, 3}, DType::f32}, real{{batch, 2, 3, 3}, DType::f32},
      mask{{batch, 2, 3}, DType::f32}, output{{batch, 2, 3, 3}, DType::f32};

  void fill(float first) {
    for (Tensor* tensor : {&composite, &real, &mask, &output}) {
      std::iota(tensor->as<float>(), tensor->as<float>() + tensor->view().elements(), first);
      first += 1000;
    }
  }
  SecondPass second_pass() { return {{composite.view(), real.view(), mask.view()}, output.view(), pictures}; }
};

std::vector<float> images(Tensor& tensor, std::int64_t begin, std::int64_t end) {
  const std::int64_t image = tensor.view().elements() / batch;
  return {tensor.as<float>() + begin * image, tensor.as<float>() + end * image};
}

}  // namespace

TEST_CASE("the last results come first in the next step, with their photographs and masks") {
  Context context;
  Memory memory, earlier;
  SecondPass second_pass = memory.second_pass();
  memory.fill(1);
  earlier.fill(1);
  second_pass.give(context);
  CHECK(images(memory.composite, 0, batch) == images(earlier.composite, 0, batch));  // nothing was kept yet
  second_pass.take(context);

  memory.fill(50000);
  Memory untouched;
  untouched.fill(50000);
  second_pass.give(context);
  CHECK(images(memory.composite, 0, pictures) == images(earlier.output, batch - pictures, batch));
  CHECK(images(memory.real, 0, pictures) == images(earlier.real, batch - pictures, batch));
  CHECK(images(memory.mask, 0, pictures) == images(earlier.mask, batch - pictures, batch));
  CHECK(images(memory.composite, pictures, batch) == images(untouched.composite, pictures, batch));
  CHECK(images(memory.real, pictures, batch) == images(untouched.real, pictures, batch));
  CHECK(images(memory.mask, pictures, batch) == images(untouched.mask, pictures, batch));
}

TEST_CASE("what is kept goes on in a resumed run") {
  Context context;
  Memory memory, resumed;
  memory.fill(1);
  resumed.fill(50000);
  SecondPass before = memory.second_pass(), after = resumed.second_pass();
  before.take(context);
  const std::vector<NamedState> from = before.state(), to = after.state();
  REQUIRE(from.size() == 3);
  for (std::size_t i = 0; i < from.size(); ++i) {
    CHECK(from[i].name == to[i].name);
    copy_bytes(to[i].view.data, Device{}, from[i].view.data, Device{}, from[i].view.bytes());
  }
  after.restored();
  after.give(context);
  CHECK(images(resumed.composite, 0, pictures) == images(memory.output, batch - pictures, batch));
}

TEST_CASE("without pictures nothing is kept, and more than half a batch is refused") {
  Context context;
  Memory memory;
  const BatchViews inputs{memory.composite.view(), memory.real.view(), memory.mask.view()};
  SecondPass none(inputs, {}, 0);
  none.take(context);
  none.give(context);
  CHECK(none.state().empty());
  CHECK_THROWS_AS(SecondPass(inputs, memory.output.view(), 3), Error);
}
