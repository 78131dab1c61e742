// attune_harmonize: batches, sessions that have seen other pictures, and threads.
#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>
#include <thread>

#include "tests/embed/sessions.h"

namespace attune::test {

namespace {

std::ptrdiff_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(tasks, std::filesystem::directory_iterator());
}

}  // namespace

TEST_CASE("A batch gives its pictures' own results, whatever their sizes and masks") {
  const Session session;
  std::vector<EmbeddedPicture> together, alone;
  for (const auto& [width, height] :
       {std::pair(40, 24), std::pair(40, 24), std::pair(24, 40), std::pair(40, 24)})
    together.emplace_back(ATTUNE_RGB8, 0, width, height);
  together.emplace_back(ATTUNE_BGRA8);
  together[1].set_mask(0);
  alone = together;
  std::vector<attune_picture> descriptions;
  for (EmbeddedPicture& picture : together) descriptions.push_back(picture.description());
  std::vector<attune_mask_kind> kinds(together.size(), ATTUNE_MASK_FULL);
  REQUIRE(attune_harmonize_batch(session.handle, descriptions.data(), descriptions.size(), nullptr,
                                 kinds.data()) == ATTUNE_OK);
  for (std::size_t i = 0; i < together.size(); ++i) {
    attune_mask_kind kind = ATTUNE_MASK_FULL;
    CHECK(session.run(alone[i].description(), &kind) == ATTUNE_OK);
    CHECK(kinds[i] == kind);
    CHECK(largest_difference(together[i], alone[i]) <= 1.0 / 255);
  }

  const std::vector<std::uint8_t> before = together[0].output;
  std::fill(together[0].image.begin(), together[0].image.end(), std::uint8_t{9});
  descriptions[3].width = 0;
  CHECK(attune_harmonize_batch(session.handle, descriptions.data(), descriptions.size(), nullptr, nullptr) ==
        ATTUNE_INVALID_ARGUMENT);
  CHECK(contains(session.message(), "picture 3: picture is 0 x 24"));
  CHECK(together[0].output == before);
  CHECK(attune_harmonize_batch(session.handle, nullptr, 0, nullptr, nullptr) == ATTUNE_OK);
}

TEST_CASE("A session that has seen other sizes gives a fresh session's bits") {
  const Session session;
  for (const auto& [width, height] : {std::pair(40, 24), std::pair(2, 1), std::pair(1, 3), std::pair(300, 17),
                                      std::pair(17, 300), std::pair(24, 40), std::pair(40, 24)}) {
    INFO(width << " x " << height);
    EmbeddedPicture picture(ATTUNE_RGB8, 0, width, height), fresh = picture;
    for (EmbeddedPicture* one : {&picture, &fresh}) one->mask_at(0, 0) = 255 - one->mask_at(width - 1, 0);
    CHECK(harmonized(session, picture) == harmonized(Session(), fresh));
  }
}

TEST_CASE("Two sessions on two threads give the bits of one") {
  EmbeddedPicture alone;
  harmonized(Session(), alone);
  // CHECK is for one thread at a time: the threads only compute.
  std::vector<EmbeddedPicture> pictures(2);
  std::vector<attune_status> statuses(2, ATTUNE_INTERNAL_ERROR);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2; ++i)
    threads.emplace_back([&, i] {
      const Session session;
      for (int repeat = 0; repeat < 3; ++repeat) statuses[i] = session.run(pictures[i].description());
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(statuses[i] == ATTUNE_OK);
    CHECK(pictures[i].output == alone.output);
  }
}

TEST_CASE("A session of one thread starts none") {
  // On a thread of its own, whose team of OpenMP threads would be new.
  std::ptrdiff_t before = 0, after = 0;
  std::thread([&] {
    const Session session;
    EmbeddedPicture picture;
    before = threads_of_process();
    static_cast<void>(session.run(picture.description()));
    after = threads_of_process();
  }).join();
  CHECK(before > 1);
  CHECK(after == before);
}

}  // namespace attune::test
