// attune_harmonize: formats, strides, masks, what is left alone, refused pictures and options, and threads.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <thread>

#include "tests/embed/embedded_pictures.h"
#include "tests/support/errors.h"

namespace attune::test {

namespace {

// One model for all tests of the file, loaded by the first.
const attune_model* shared_model() {
  struct Model {
    attune_model* handle = nullptr;
    Model() { attune_model_load(model_path().c_str(), &handle); }
    ~Model() { attune_model_free(handle); }
  };
  static const Model model;
  return model.handle;
}

struct Session {
  attune_session* handle = nullptr;
  explicit Session(std::int32_t threads = 1) {
    const attune_session_options options{sizeof options, -1, threads};
    const attune_status status = attune_session_create(shared_model(), &options, &handle);
    if (status != ATTUNE_OK) throw Error(ErrorKind::internal, attune_session_message(handle));
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { attune_session_free(handle); }

  attune_status run(const attune_picture& picture, attune_mask_kind* kind = nullptr,
                    const attune_harmonize_options* options = nullptr) const {
    return attune_harmonize(handle, &picture, options, kind);
  }
  std::string message() const { return attune_session_message(handle); }
};

// The picture harmonized, or the test fails.
std::vector<std::uint8_t> harmonized(const Session& session, EmbeddedPicture& picture) {
  attune_mask_kind kind = ATTUNE_MASK_EMPTY;
  REQUIRE(session.run(picture.description(), &kind) == ATTUNE_OK);
  CHECK(session.message().empty());
  CHECK(kind == ATTUNE_MASK_BOTH);
  return picture.output;
}

std::ptrdiff_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(tasks, std::filesystem::directory_iterator());
}

}  // namespace

TEST_CASE("The foreground changes; the background, alpha and what lies between rows do not") {
  const Session session;
  for (const attune_pixel_format format : {ATTUNE_RGB8, ATTUNE_RGBA8, ATTUNE_RGB16, ATTUNE_RGBA16})
    for (const std::int64_t padding : {0, 6}) {
      INFO("format " << format << ", padding " << padding);
      EmbeddedPicture picture(format, padding);
      const std::vector<std::uint8_t> image = picture.image;
      harmonized(session, picture);
      CHECK(picture.image == image);
      int changed = 0, wrong = 0;
      for (std::int64_t y = 0; y < picture.height; ++y) {
        for (std::int64_t x = 0; x < picture.width; ++x)
          for (int c = 0; c < picture.channels(); ++c) {
            const bool same =
                picture.sample(picture.output, x, y, c) == picture.sample(picture.image, x, y, c);
            if (picture.mask_at(x, y) == 0 || c == 3)
              wrong += !same;
            else
              changed += !same;
          }
        for (std::int64_t byte = picture.row_bytes(); byte < picture.stride(); ++byte)
          wrong +=
              picture.output[static_cast<std::size_t>(y * picture.stride() + byte)] != EmbeddedPicture::gap;
      }
      CHECK(wrong == 0);
      CHECK(changed > 300);
    }
}

TEST_CASE("Padded rows, alpha and 16 bits give the colours of plain rows") {
  const Session session;
  EmbeddedPicture plain;
  harmonized(session, plain);
  for (const attune_pixel_format format : {ATTUNE_RGB8, ATTUNE_RGB16}) {
    EmbeddedPicture padded(format, 10);
    harmonized(session, padded);
    const int scale = padded.sample_bytes() == 2 ? 257 : 1;
    int largest = 0;
    for (std::int64_t y = 0; y < plain.height; ++y)
      for (std::int64_t x = 0; x < plain.width; ++x)
        for (int c = 0; c < 3; ++c)
          largest = std::max(largest, std::abs(padded.sample(padded.output, x, y, c) -
                                               scale * plain.sample(plain.output, x, y, c)));
    // 8 bits round to within half a step.
    CHECK(largest <= (scale == 1 ? 0 : 130));
  }
}

TEST_CASE("Alpha has no part in the colours") {
  const Session session;
  EmbeddedPicture picture(ATTUNE_RGBA8), other(ATTUNE_RGBA8);
  for (std::size_t i = 3; i < other.image.size(); i += 4) other.image[i] = static_cast<std::uint8_t>(i);
  harmonized(session, picture);
  harmonized(session, other);
  for (std::size_t i = 0; i < other.output.size(); ++i)
    REQUIRE(other.output[i] == (i % 4 == 3 ? other.image[i] : picture.output[i]));
}

TEST_CASE("In place gives the same bits") {
  const Session session;
  for (const std::int64_t padding : {0, 6}) {
    EmbeddedPicture apart(ATTUNE_RGB8, padding), inside(ATTUNE_RGB8, padding);
    harmonized(session, apart);
    attune_picture description = inside.description();
    description.output = inside.image.data();
    CHECK(session.run(description) == ATTUNE_OK);
    CHECK(inside.image == apart.output);
  }
}

TEST_CASE("Without foreground or without background the picture comes back as it was") {
  const Session session;
  for (const std::int64_t padding : {0, 6})
    for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{255}}) {
      EmbeddedPicture picture(ATTUNE_RGB8, padding);
      picture.set_mask(value);
      attune_mask_kind kind = ATTUNE_MASK_BOTH;
      CHECK(session.run(picture.description(), &kind) == ATTUNE_OK);
      CHECK(kind == (value == 0 ? ATTUNE_MASK_EMPTY : ATTUNE_MASK_FULL));
      CHECK(picture.output == picture.image);
      // One pixel of the other kind makes it an ordinary picture.
      picture.mask_at(picture.width - 1, picture.height - 1) = value == 0 ? 1 : 254;
      CHECK(session.run(picture.description(), &kind) == ATTUNE_OK);
      CHECK(kind == ATTUNE_MASK_BOTH);
    }
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

TEST_CASE("Pictures that the contract forbids are refused, and the session goes on") {
  const Session session;
  EmbeddedPicture picture(ATTUNE_RGB16);
  const auto refusal = [&](const std::function<void(attune_picture&)>& spoil) {
    attune_picture wrong = picture.description();
    spoil(wrong);
    CHECK(session.run(wrong) == ATTUNE_INVALID_ARGUMENT);
    INFO(session.message());
    CHECK(!session.message().empty());
    return session.message();
  };
  CHECK(contains(refusal([](auto& p) { p.struct_size = 12; }), "attune_picture.struct_size is 12"));
  CHECK(contains(refusal([](auto& p) { p.width = 0; }), "picture is 0 x 24"));
  CHECK(contains(refusal([](auto& p) { p.height = -3; }), "picture is 40 x -3"));
  CHECK(contains(refusal([](auto& p) { p.width = (1 << 20) + 1; }), "expected 1 to 1048576"));
  CHECK(contains(refusal([](auto& p) { p.height = INT64_MAX; }), "expected 1 to 1048576"));
  CHECK(contains(refusal([](auto& p) { p.image = nullptr; }), "null pointer"));
  CHECK(contains(refusal([](auto& p) { p.mask = nullptr; }), "null pointer"));
  CHECK(contains(refusal([](auto& p) { p.output = nullptr; }), "null pointer"));
  CHECK(contains(refusal([](auto& p) { p.image_stride = 238; }), "shorter than a row of 240 bytes"));
  CHECK(contains(refusal([](auto& p) { p.output_stride = 1; }), "shorter than a row"));
  CHECK(contains(refusal([](auto& p) { p.mask_stride = 39; }), "shorter than a row"));
  CHECK(contains(refusal([](auto& p) { p.image_stride = 241; }), "even"));
  CHECK(contains(refusal([](auto& p) { p.output_stride = 243; }), "even"));
  CHECK(contains(refusal([](auto& p) { p.image = static_cast<const char*>(p.image) + 1; }), "odd address"));
  CHECK(contains(refusal([](auto& p) { p.output = static_cast<char*>(p.output) + 1; }), "odd address"));
  CHECK(contains(refusal([](auto& p) {
                   p.output = const_cast<void*>(p.image);
                   p.output_stride = 242;
                 }),
                 "in place"));
  for (const std::int32_t format : {-1, 4, 77})
    CHECK(contains(refusal([&](auto& p) { std::memcpy(&p.format, &format, sizeof format); }),
                   "pixel format is " + std::to_string(format)));
  CHECK(attune_harmonize(session.handle, nullptr, nullptr, nullptr) == ATTUNE_INVALID_ARGUMENT);
  CHECK(contains(session.message(), "picture is a null pointer"));
  harmonized(session, picture);
}

TEST_CASE("A refused picture is not written to") {
  const Session session;
  EmbeddedPicture picture;
  const std::vector<std::uint8_t> before = picture.output;
  attune_picture wrong = picture.description();
  wrong.mask_stride = 1;
  CHECK(session.run(wrong) == ATTUNE_INVALID_ARGUMENT);
  CHECK(picture.output == before);
}

TEST_CASE("No options are the initial ones, and others are heeded") {
  const Session session;
  EmbeddedPicture without, initial, none;
  harmonized(session, without);
  attune_harmonize_options options = ATTUNE_HARMONIZE_OPTIONS_INIT;
  CHECK(session.run(initial.description(), nullptr, &options) == ATTUNE_OK);
  CHECK(initial.output == without.output);
  options.strength = 0;
  attune_mask_kind kind = ATTUNE_MASK_EMPTY;
  CHECK(session.run(none.description(), &kind, &options) == ATTUNE_OK);
  CHECK(kind == ATTUNE_MASK_BOTH);
  CHECK(none.output == none.image);
}

TEST_CASE("Options that the contract forbids are refused, nothing is written, and the session goes on") {
  const Session session;
  EmbeddedPicture picture;
  const std::vector<std::uint8_t> before = picture.output;
  const auto refusal = [&](const attune_harmonize_options& wrong) {
    CHECK(session.run(picture.description(), nullptr, &wrong) == ATTUNE_INVALID_ARGUMENT);
    CHECK(picture.output == before);
    return session.message();
  };
  const auto strength_refusal = [&](float strength) {
    return refusal({sizeof(attune_harmonize_options), strength});
  };
  CHECK(strength_refusal(-0.25f) == "strength is -0.25, expected 0 to 1");
  CHECK(strength_refusal(1.5f) == "strength is 1.5, expected 0 to 1");
  CHECK(contains(strength_refusal(INFINITY), "strength is inf"));
  CHECK(contains(strength_refusal(NAN), "strength is nan"));
  CHECK(contains(refusal({0, 1}), "attune_harmonize_options.struct_size is 0"));
  // Also where there is nothing to do.
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{255}}) {
    EmbeddedPicture same;
    same.set_mask(value);
    const attune_harmonize_options wrong{sizeof wrong, 2};
    CHECK(session.run(same.description(), nullptr, &wrong) == ATTUNE_INVALID_ARGUMENT);
  }
  harmonized(session, picture);
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
