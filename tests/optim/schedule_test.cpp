#include "optim/schedule.h"

#include <catch2/catch.hpp>

namespace attune::test {

namespace {

constexpr Schedule schedule{2.0, 10, 110, 0.1};

}  // namespace

TEST_CASE("the learning rate rises linearly to its peak") {
  for (std::int64_t step = 1; step <= 10; ++step)
    CHECK(learning_rate(schedule, step) == Approx(0.2 * static_cast<double>(step)));
}

TEST_CASE("the learning rate falls along half a cosine") {
  CHECK(learning_rate(schedule, 35) == Approx(2 * (0.1 + 0.9 * (0.5 + std::sqrt(0.125)))));
  CHECK(learning_rate(schedule, 60) == Approx(2 * (0.1 + 0.9 * 0.5)));
  CHECK(learning_rate(schedule, 110) == Approx(0.2));
  for (std::int64_t step = 11; step <= 110; ++step)
    CHECK(learning_rate(schedule, step) < learning_rate(schedule, step - 1));
}

TEST_CASE("the learning rate stays at its end") {
  CHECK(learning_rate(schedule, 111) == learning_rate(schedule, 110));
  CHECK(learning_rate(schedule, 1000000000000) == learning_rate(schedule, 110));
}

TEST_CASE("the learning rate of short runs") {
  CHECK(learning_rate({1.0, 0, 1, 0.25}, 1) == Approx(0.25));  // the one step is the last
  CHECK(learning_rate({1.0, 5, 5, 0.0}, 4) == Approx(0.8));
  CHECK(learning_rate({1.0, 5, 5, 0.5}, 5) == Approx(0.5));
  CHECK(learning_rate({1.0, 10, 3, 0.0}, 3) == Approx(0.3));  // it ends while it warms up
  CHECK(learning_rate({1.0, 0, 100, 1.0}, 50) == Approx(1.0));
}

}  // namespace attune::test
