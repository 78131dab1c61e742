// The C++ header over the C API: what it throws, and that its handles move.
#include "attune/harmonizer.h"

#include <catch2/catch.hpp>
#include <optional>
#include <type_traits>

#include "tests/embed/embedded_pictures.h"
#include "tests/support/errors.h"

namespace attune::test {

namespace {

// The failure of `call`; fails the test where there is none, or another exception.
template <class Call>
api::Failure failure_of(const Call& call) {
  std::optional<api::Failure> caught;
  try {
    call();
  } catch (const api::Failure& failure) {
    caught = failure;
  }
  REQUIRE(caught.has_value());
  return *caught;
}

static_assert(std::is_nothrow_move_constructible_v<api::Model> && !std::is_copy_constructible_v<api::Model>);
static_assert(std::is_nothrow_move_assignable_v<api::Harmonizer> &&
              !std::is_copy_constructible_v<api::Harmonizer>);
static_assert(std::is_constructible_v<api::Model, const char*> &&
              !std::is_convertible_v<std::string, api::Model>);

}  // namespace

TEST_CASE("A model and a harmonizer give the C API's results") {
  const api::Model model(model_path());
  CHECK(model.path() == model_path());
  CHECK(model.parameters() == attune_model_parameters(model.handle()));
  CHECK(model.parameters() > 1000000);
  CHECK(model.metadata("attune.model") == attune_model_metadata(model.handle(), "attune.model"));
  CHECK(model.metadata("no such key").empty());

  EmbeddedPicture through_c, through_cpp;
  attune_session* session = nullptr;
  const attune_session_options one_thread = session_options(-1, 1);
  REQUIRE(attune_session_create(model.handle(), &one_thread, &session) == ATTUNE_OK);
  const attune_picture description = through_c.description();
  CHECK(attune_harmonize(session, &description, nullptr, nullptr) == ATTUNE_OK);
  attune_session_free(session);

  api::Harmonizer harmonizer(model, -1, 1);
  attune_picture without_size = through_cpp.description();
  without_size.struct_size = 0;  // the header fills it in
  CHECK(harmonizer.run(without_size) == ATTUNE_MASK_BOTH);
  CHECK(through_cpp.output == through_c.output);
  CHECK(through_cpp.output != through_cpp.image);
  through_cpp.set_mask(255);
  CHECK(harmonizer.run(through_cpp.description()) == ATTUNE_MASK_FULL);
  through_cpp.set_mask(0);
  CHECK(harmonizer.run(through_cpp.description()) == ATTUNE_MASK_EMPTY);
}

TEST_CASE("A harmonizer's strength is the C API's") {
  const api::Model model(model_path());
  EmbeddedPicture through_c, through_cpp, full;
  attune_session* session = nullptr;
  const attune_session_options one_thread = session_options(-1, 1);
  REQUIRE(attune_session_create(model.handle(), &one_thread, &session) == ATTUNE_OK);
  const attune_picture description = through_c.description();
  attune_harmonize_options half = ATTUNE_HARMONIZE_OPTIONS_INIT;
  half.strength = 0.5f;
  CHECK(attune_harmonize(session, &description, &half, nullptr) == ATTUNE_OK);
  attune_session_free(session);

  api::Harmonizer harmonizer(model, -1, 1);
  harmonizer.run(through_cpp.description(), 0.5f);
  harmonizer.run(full.description());
  CHECK(through_cpp.output == through_c.output);
  CHECK(through_cpp.output != full.output);
  const api::Failure failure = failure_of([&] { harmonizer.run(full.description(), 1.5f); });
  CHECK(failure.status() == ATTUNE_INVALID_ARGUMENT);
  CHECK(contains(failure.what(), "strength is 1.5"));
}

TEST_CASE("A path may be a string literal") {
  const api::Model model(ATTUNE_SOURCE_DIR "/models/small.safetensors");
  CHECK(model.path() == model_path());
}

TEST_CASE("Handles move, and a harmonizer outlives its model") {
  std::optional<api::Model> model(model_path());
  api::Model moved(std::move(*model));
  CHECK(moved.path() == model_path());
  model = std::move(moved);
  api::Harmonizer first(*model, -1, 1);
  model.reset();
  api::Harmonizer second(std::move(first));
  first = std::move(second);
  EmbeddedPicture picture;
  CHECK(first.run(picture.description()) == ATTUNE_MASK_BOTH);
}

TEST_CASE("Failures carry the status and the message") {
  const api::Failure missing = failure_of([] { api::Model(std::string("/no/such/model")); });
  CHECK(missing.status() == ATTUNE_INVALID_MODEL);
  CHECK(contains(missing.what(), "/no/such/model"));

  const api::Model model(model_path());
  const api::Failure threads = failure_of([&] { api::Harmonizer(model, -1, -3); });
  CHECK(threads.status() == ATTUNE_INVALID_ARGUMENT);
  CHECK(contains(threads.what(), "threads is -3"));
  CHECK(failure_of([&] { api::Harmonizer(model, 4096); }).status() == ATTUNE_UNSUPPORTED);

  api::Harmonizer harmonizer(model, -1, 1);
  EmbeddedPicture picture;
  attune_picture wrong = picture.description();
  wrong.width = -1;
  const api::Failure size = failure_of([&] { harmonizer.run(wrong); });
  CHECK(size.status() == ATTUNE_INVALID_ARGUMENT);
  CHECK(contains(size.what(), "picture is -1 x 24"));
  CHECK(harmonizer.run(picture.description()) == ATTUNE_MASK_BOTH);
}

TEST_CASE("What was moved from refuses to work") {
  api::Model model(model_path());
  const api::Model other(std::move(model));
  // NOLINTNEXTLINE(bugprone-use-after-move)
  CHECK(failure_of([&] { api::Harmonizer harmonizer(model); }).status() == ATTUNE_INVALID_ARGUMENT);
  api::Harmonizer first(other, -1, 1);
  const api::Harmonizer second(std::move(first));
  EmbeddedPicture picture;
  // NOLINTNEXTLINE(bugprone-use-after-move)
  CHECK(failure_of([&] { first.run(picture.description()); }).status() == ATTUNE_INVALID_ARGUMENT);
}

}  // namespace attune::test
