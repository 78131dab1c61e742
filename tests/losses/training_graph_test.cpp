// In the whole training graph values share memory, and that changes no bit.
#include "tests/losses/training_graph.h"

#include <catch2/catch.hpp>

namespace attune::test {

TEST_CASE("Values that share memory give the bits of values that do not") {
  Context context({}, 1);
  for (const char* reading : {"attract", "aligned", "literal"})
    for (const DType activations : {DType::f32, DType::bf16}) {
      INFO(reading << " " << name_of(activations));
      TrainingGraph shared(context, reading, activations, Mode::training);
      TrainingGraph apart(context, reading, activations, Mode::training, Keep::every_value);
      TrainingGraph inference(context, reading, activations, Mode::inference);
      for (TrainingGraph* graph : {&shared, &apart, &inference}) {
        graph->forward();
        graph->backward();
      }
      CHECK(same_bits(shared.loss_values(), apart.loss_values()));
      CHECK(same_bits(shared.loss_values(), inference.loss_values()));
      CHECK(same_bits(floats_of(shared.store.gradients()), floats_of(apart.store.gradients())));
      CHECK(shared.graph.arena_bytes() < apart.graph.arena_bytes());
      CHECK(inference.graph.arena_bytes() < shared.graph.arena_bytes());
    }
}

}  // namespace attune::test
