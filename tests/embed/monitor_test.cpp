// What an embedding program is told and asked while a session works, and where its memory comes from.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "attune/harmonizer.h"
#include "tests/embed/blend_models.h"
#include "tests/embed/embedded_pictures.h"
#include "tests/support/errors.h"

namespace attune::test {

namespace {

struct Witness {
  std::vector<std::string> messages;
  std::vector<float> fractions;
  int questions = 0, cancel_at = -1;
  std::thread::id thread;
  bool other_thread = false;

  attune_session_options options() {
    attune_session_options options = session_options(-1, 2);
    options.user = this;
    options.log = [](void* user, attune_log_level, const char* message) {
      of(user).messages.emplace_back(message);
    };
    options.progress = [](void* user, float fraction) { of(user).fractions.push_back(fraction); };
    options.cancelled = [](void* user) -> std::int32_t { return of(user).questions++ == of(user).cancel_at; };
    return options;
  }
  static Witness& of(void* user) {
    auto& witness = *static_cast<Witness*>(user);
    witness.other_thread = witness.other_thread || std::this_thread::get_id() != witness.thread;
    return witness;
  }
  Witness() : thread(std::this_thread::get_id()) {}
};

api::Failure cancelled_run(api::Harmonizer& harmonizer, EmbeddedPicture& picture) {
  try {
    harmonizer.run(picture.description());
  } catch (const api::Failure& failure) {
    return failure;
  }
  FAIL("it was not cancelled");
  return {ATTUNE_OK, ""};
}

// Blocks that are given out, with their sizes.
struct Memory {
  std::map<void*, std::size_t> blocks;
  std::size_t allocated = 0, wrong_releases = 0;
  bool exhausted = false;
  std::mutex mutex;

  attune_allocator allocator() {
    return {sizeof(attune_allocator),
            [](void* user, std::size_t bytes, std::size_t alignment) {
              return static_cast<Memory*>(user)->allocate(bytes, alignment);
            },
            [](void* user, void* memory, std::size_t bytes) {
              static_cast<Memory*>(user)->release(memory, bytes);
            },
            this};
  }
  void* allocate(std::size_t bytes, std::size_t alignment) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (exhausted) return nullptr;
    void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    blocks[memory] = bytes;
    allocated += bytes;
    return memory;
  }
  std::size_t held() const {
    std::size_t sum = 0;
    for (const auto& block : blocks) sum += block.second;
    return sum;
  }
  void release(void* memory, std::size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto block = blocks.find(memory);
    wrong_releases += block == blocks.end() || block->second != bytes;
    blocks.erase(memory);
    std::free(memory);
  }
};

}  // namespace

TEST_CASE("Progress rises to 1, log and questions come on the caller's thread") {
  const api::Model model(model_path());
  Witness witness;
  api::Harmonizer harmonizer(model, witness.options());
  EmbeddedPicture picture, second;
  CHECK(harmonizer.run({picture.description(), second.description()}) ==
        std::vector<attune_mask_kind>(2, ATTUNE_MASK_BOTH));
  REQUIRE(witness.fractions.size() > 20);
  CHECK(std::is_sorted(witness.fractions.begin(), witness.fractions.end()));
  CHECK((witness.fractions.front() > 0 && witness.fractions.front() < 0.3f));
  CHECK(witness.fractions.back() == 1);
  CHECK(witness.questions > 20);
  CHECK(!witness.other_thread);
  REQUIRE(witness.messages.size() == 1);
  CHECK(contains(witness.messages[0], "planned for 2 pictures of 40x24"));
  // Once more there is nothing to plan; with nothing to do progress ends at 1 all the same.
  witness.fractions.clear();
  picture.set_mask(0);
  harmonizer.run(picture.description());
  CHECK(witness.fractions.back() == 1);
}

TEST_CASE("A session that was cancelled at any question goes on with the next picture") {
  const api::Model model(model_path());
  EmbeddedPicture expected;
  Witness all;
  api::Harmonizer(model, all.options()).run(expected.description());
  for (int at = 0; at < all.questions; at += 7) {
    Witness witness;
    api::Harmonizer harmonizer(model, witness.options());
    witness.cancel_at = at;
    EmbeddedPicture picture;
    const api::Failure failure = cancelled_run(harmonizer, picture);
    CHECK(failure.status() == ATTUNE_CANCELLED);
    CHECK(witness.questions == at + 1);  // not asked again
    witness.cancel_at = -1;
    harmonizer.run(picture.description());
    CHECK(picture.output == expected.output);
  }
}

TEST_CASE("A large picture's caller is asked often, with either kind of light and with ignored pixels") {
  const api::Model model(model_path());
  constexpr int layers = 30 + 25;  // and the weights that are packed for them
  const auto questions = [&](attune_transfer transfer, bool ignores) {
    Witness witness;
    api::Harmonizer harmonizer(model, witness.options());
    EmbeddedPicture picture(ATTUNE_RGB32F, 0, 5000, 4000, transfer);
    const std::vector<std::uint8_t> ignored(5000 * 4000, ignores ? 100 : 0);
    attune_picture description = picture.description();
    if (ignores) description.ignored = ignored.data();
    harmonizer.run(description);
    return witness.questions;
  };
  // Of 20 megapixels: bands of 4, or of 1 for what takes longer, of the picture on the way in, the mask, and on the way out.
  CHECK(questions(ATTUNE_SRGB, false) >= 5 + 5 + layers + 5);
  CHECK(questions(ATTUNE_LINEAR, false) >= 19 + 5 + layers + 19);
  CHECK(questions(ATTUNE_SRGB, true) >= 19 + 5 + layers + 5);
}

TEST_CASE("A picture in tiles that was cancelled leaves nothing behind") {
  const api::Model model = blend_model(true);
  Memory memory;
  const attune_allocator allocator = memory.allocator();
  Witness witness;
  attune_session_options options = witness.options();
  options.allocator = &allocator;
  api::Harmonizer harmonizer(model, options);
  EmbeddedPicture expected(ATTUNE_RGB8, 0, 900, 600);
  harmonizer.run(expected.description());
  const std::size_t held = memory.held();
  for (const int at : {0, 3, 60, 130}) {  // on the way in, in the overview and in tiles
    witness.questions = 0;
    witness.cancel_at = at;
    EmbeddedPicture picture = expected;
    CHECK(cancelled_run(harmonizer, picture).status() == ATTUNE_CANCELLED);
    CHECK(memory.held() <= held);
    witness.cancel_at = -1;
    harmonizer.run(picture.description());
    CHECK((picture.output == expected.output));
  }
}

TEST_CASE("A long layer's caller is asked within it") {
  const api::Model model = blend_model(false, {32, 8, 8});
  const auto questions = [&](std::int64_t side) {
    Witness witness;
    attune_session_options options = witness.options();
    options.threads = 1;
    EmbeddedPicture picture(ATTUNE_RGB8, 0, side, side);
    api::Harmonizer(model, options).run(picture.description());
    return witness.questions;
  };
  CHECK(questions(400) > questions(100));
}

TEST_CASE("Weights, activations and scratch come from the program's allocator, and go back to it") {
  Memory memory, other;
  {
    const attune_allocator allocator = memory.allocator(), others = other.allocator();
    attune_model_options options = ATTUNE_MODEL_OPTIONS_INIT;
    options.allocator = &allocator;
    const api::Model model(model_path(), options);
    CHECK(memory.allocated > 4 * static_cast<std::size_t>(model.parameters()));
    const std::size_t with_model = memory.allocated;

    api::Harmonizer harmonizer(model, -1, 1);
    EmbeddedPicture picture;
    harmonizer.run(picture.description());
    CHECK(memory.allocated > with_model + 100000);
    attune_session_options session = session_options(-1, 1);
    session.allocator = &others;
    const std::size_t before = memory.allocated;
    api::Harmonizer(model, session).run(picture.description());
    CHECK(memory.allocated == before);
    CHECK(other.allocated > 100000);

    memory.exhausted = true;
    EmbeddedPicture larger(ATTUNE_RGB8, 0, 200, 100);
    CHECK_THROWS_AS(harmonizer.run(larger.description()), api::Failure);
    memory.exhausted = false;
    CHECK(harmonizer.run(larger.description()) == ATTUNE_MASK_BOTH);
  }
  CHECK(memory.blocks.empty());
  CHECK(other.blocks.empty());
  CHECK(memory.wrong_releases + other.wrong_releases == 0);
}

TEST_CASE("An allocator needs both functions") {
  Memory memory;
  attune_allocator allocator = memory.allocator();
  allocator.release = nullptr;
  attune_model_options options = ATTUNE_MODEL_OPTIONS_INIT;
  options.allocator = &allocator;
  CHECK_THROWS_AS(api::Model(model_path(), options), api::Failure);
}

}  // namespace attune::test
