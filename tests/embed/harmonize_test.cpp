// attune_harmonize: formats, strides, masks, what is left alone, refused pictures and options, and threads.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <limits>
#include <thread>

#include "tests/embed/embedded_pictures.h"
#include "tests/support/errors.h"

namespace attune::test {

namespace {

// One model for all tests of the file, loaded by the first.
const attune_model* shared_model() {
  struct Model {
    attune_model* handle = nullptr;
    Model() { attune_model_load(model_path().c_str(), nullptr, &handle); }
    ~Model() { attune_model_free(handle); }
  };
  static const Model model;
  return model.handle;
}

struct Session {
  attune_session* handle = nullptr;
  explicit Session(std::int32_t threads = 1) {
    const attune_session_options options = session_options(-1, threads);
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

double encoded(double linear) {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

// Of two outputs' colours, as shares of white.
double largest_difference(const EmbeddedPicture& a, const EmbeddedPicture& b) {
  double largest = 0;
  for (std::int64_t y = 0; y < a.height; ++y)
    for (std::int64_t x = 0; x < a.width; ++x)
      for (int c = 0; c < 3; ++c)
        largest = std::max(largest, std::fabs(a.sample(a.output, x, y, c) / a.peak() -
                                              b.sample(b.output, x, y, c) / b.peak()));
  return largest;
}

// The mean over the foreground, in levels.
double foreground_difference(EmbeddedPicture& a, const EmbeddedPicture& b) {
  double sum = 0;
  int samples = 0;
  for (std::int64_t y = 0; y < a.height; ++y)
    for (std::int64_t x = 0; x < a.width; ++x)
      for (int c = 0; c < 3 && a.mask_at(x, y) == 255; ++c, ++samples)
        sum += std::fabs(a.sample(a.output, x, y, c) - b.sample(b.output, x, y, c));
  return sum / samples;
}

std::ptrdiff_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(tasks, std::filesystem::directory_iterator());
}

}  // namespace

TEST_CASE("The foreground changes; the background, alpha and what lies between rows do not") {
  const Session session;
  for (const attune_pixel_format format : all_formats)
    for (const std::int64_t padding : {0, 8}) {
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

TEST_CASE("All formats give the colours of plain rows") {
  const Session session;
  EmbeddedPicture plain;
  harmonized(session, plain);
  for (const attune_pixel_format format : {ATTUNE_RGB8, ATTUNE_RGB16, ATTUNE_BGR8, ATTUNE_RGB32F}) {
    EmbeddedPicture padded(format, 12);
    harmonized(session, padded);
    // 8 bits round to within half a step of what the others hold.
    const double most = padded.peak() == 255 ? 0 : 0.51 / 255;
    CHECK(largest_difference(padded, plain) <= most);
  }
}

TEST_CASE("Linear light gives the colours of sRGB") {
  const Session session;
  EmbeddedPicture srgb(ATTUNE_RGBA32F), linear(ATTUNE_RGBA32F, 0, 40, 24, ATTUNE_LINEAR), in_place = linear;
  harmonized(session, srgb);
  harmonized(session, linear);
  double largest = 0;
  for (std::int64_t y = 0; y < srgb.height; ++y)
    for (std::int64_t x = 0; x < srgb.width; ++x)
      for (int c = 0; c < 3; ++c)
        largest = std::max(largest, std::fabs(encoded(linear.sample(linear.output, x, y, c)) -
                                              srgb.sample(srgb.output, x, y, c)));
  CHECK(largest <= 1e-5);
  attune_picture description = in_place.description();
  description.output = in_place.image.data();
  CHECK(session.run(description) == ATTUNE_OK);
  CHECK(in_place.image == linear.output);
}

TEST_CASE("A mask of floats is one of bytes divided by 255") {
  const Session session;
  for (const attune_pixel_format format : {ATTUNE_RGB8, ATTUNE_RGBA32F}) {
    EmbeddedPicture bytes(format), floats(format);
    harmonized(session, bytes);
    std::vector<float> mask;
    for (const std::uint8_t m : floats.mask) mask.push_back(static_cast<float>(m) / 255);
    attune_picture description = floats.description();
    description.mask = mask.data();
    description.mask_format = ATTUNE_MASK32F;
    CHECK(session.run(description) == ATTUNE_OK);
    CHECK(largest_difference(floats, bytes) <= (format == ATTUNE_RGB8 ? 1.0 / 255 : 1e-6));
    for (const float wrong : {-0.01f, 1.01f, std::numeric_limits<float>::quiet_NaN()}) {
      mask.back() = wrong;
      CHECK(session.run(description) == ATTUNE_INVALID_ARGUMENT);
      CHECK(contains(session.message(), "the mask's value at (39, 23) is "));
    }
  }
}

TEST_CASE("Rows that go up are the picture that was meant") {
  const Session session;
  EmbeddedPicture down, up;
  harmonized(session, down);
  attune_picture description = up.description();
  const std::int64_t last = (up.height - 1) * up.stride();
  std::vector<std::uint8_t> image(up.image.size()), mask(up.mask.size());
  for (std::int64_t y = 0; y < up.height; ++y) {
    std::copy_n(up.image.data() + y * up.stride(), up.stride(), image.data() + last - y * up.stride());
    std::copy_n(up.mask.data() + y * up.width, up.width, mask.data() + (up.height - 1 - y) * up.width);
  }
  description.image = image.data() + last;
  description.mask = mask.data() + (up.height - 1) * up.width;
  description.image_stride = -up.stride();
  description.mask_stride = -up.width;
  CHECK(session.run(description) == ATTUNE_OK);
  CHECK(up.output == down.output);
}

TEST_CASE("Inverted, a mask of bytes or floats is that of the background") {
  const Session session;
  attune_harmonize_options invert = ATTUNE_HARMONIZE_OPTIONS_INIT;
  invert.invert = 1;
  EmbeddedPicture plain, inverted, floats;
  harmonized(session, plain);
  attune_mask_kind kind = ATTUNE_MASK_EMPTY;
  std::vector<float> mask;
  for (std::uint8_t& m : inverted.mask) m = static_cast<std::uint8_t>(255 - m);
  for (const std::uint8_t m : inverted.mask) mask.push_back(static_cast<float>(m) / 255);
  CHECK(session.run(inverted.description(), &kind, &invert) == ATTUNE_OK);
  CHECK(kind == ATTUNE_MASK_BOTH);
  CHECK(largest_difference(inverted, plain) <= 1.0 / 255);
  attune_picture description = floats.description();
  description.mask = mask.data();
  description.mask_format = ATTUNE_MASK32F;
  CHECK(session.run(description, &kind, &invert) == ATTUNE_OK);
  CHECK(largest_difference(floats, plain) <= 1.0 / 255);
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{255}}) {
    inverted.set_mask(value);
    CHECK(session.run(inverted.description(), &kind, &invert) == ATTUNE_OK);
    CHECK(kind == (value == 0 ? ATTUNE_MASK_FULL : ATTUNE_MASK_EMPTY));
  }
}

TEST_CASE("What is ignored has no influence, and what it leaves has") {
  const Session session;
  for (const attune_pixel_format format : {ATTUNE_RGB8, ATTUNE_RGB32F}) {
    EmbeddedPicture clean(format), spoilt(format);
    std::vector<std::uint8_t> ignored(clean.mask.size(), 0);
    // A frame, as a scan has it, and what is outside a circle.
    for (std::int64_t y = 0; y < clean.height; ++y)
      for (std::int64_t x = 0; x < clean.width; ++x) {
        if (x >= 5 && x < 35 && y >= 3 && y < 21) continue;
        ignored[static_cast<std::size_t>(y * clean.width + x)] = 255;
        const double junk = format == ATTUNE_RGB8 ? 0 : std::numeric_limits<double>::quiet_NaN();
        for (int c = 0; c < 3; ++c) spoilt.set_sample(x, y, c, junk);
      }
    const auto run = [&](EmbeddedPicture& picture, const std::vector<std::uint8_t>* mask) {
      attune_picture description = picture.description();
      description.ignored = mask ? mask->data() : nullptr;
      CHECK(session.run(description) == ATTUNE_OK);
    };
    run(clean, &ignored);
    run(spoilt, &ignored);
    int different = 0;
    for (std::int64_t y = 0; y < clean.height; ++y)
      for (std::int64_t x = 0; x < clean.width; ++x)
        for (int c = 0; c < 3; ++c)
          different += ignored[static_cast<std::size_t>(y * clean.width + x)] == 0 &&
                       spoilt.sample(spoilt.output, x, y, c) != clean.sample(clean.output, x, y, c);
    CHECK(different == 0);
    if (format != ATTUNE_RGB8) continue;
    // Close to what the clean picture gives, whereas the spoilt one is led astray.
    EmbeddedPicture plain(format), astray = spoilt;
    run(plain, nullptr);
    run(astray, nullptr);
    CHECK(foreground_difference(clean, plain) < 3);
    CHECK(foreground_difference(astray, plain) > 2 * foreground_difference(spoilt, plain));
    // Nothing ignored is nothing said; everything is no background.
    EmbeddedPicture nothing(format), everything(format);
    std::fill(ignored.begin(), ignored.end(), std::uint8_t{0});
    run(nothing, &ignored);
    CHECK(largest_difference(nothing, plain) <= 1.0 / 255);
    std::fill(ignored.begin(), ignored.end(), std::uint8_t{255});
    attune_picture description = everything.description();
    description.ignored = ignored.data();
    attune_mask_kind kind = ATTUNE_MASK_BOTH;
    CHECK(session.run(description, &kind) == ATTUNE_OK);
    CHECK(kind == ATTUNE_MASK_FULL);
    CHECK(everything.output == everything.image);
  }
}

TEST_CASE("Of the foreground nothing is ignored") {
  const Session session;
  EmbeddedPicture plain, overlapping;
  harmonized(session, plain);
  // All of the foreground, and none of the background.
  std::vector<std::uint8_t> ignored = overlapping.mask;
  for (std::uint8_t& value : ignored) value = value == 255 ? 255 : 0;
  attune_picture description = overlapping.description();
  description.ignored = ignored.data();
  CHECK(session.run(description) == ATTUNE_OK);
  CHECK(largest_difference(overlapping, plain) <= 1.0 / 255);
}

TEST_CASE("A picture whose samples are no numbers is refused, and nothing is written") {
  const Session session;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const attune_transfer transfer : {ATTUNE_SRGB, ATTUNE_LINEAR})
    for (const double value : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
      EmbeddedPicture picture(ATTUNE_RGB32F, 0, 40, 24, transfer);
      const std::vector<std::uint8_t> before = picture.output;
      picture.set_sample(3, 2, 1, value);
      CHECK(session.run(picture.description()) == ATTUNE_INVALID_ARGUMENT);
      CHECK(contains(session.message(), "no finite numbers"));
      CHECK(picture.output == before);
    }
}

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
  CHECK(contains(refusal([](auto& p) { p.image_stride = 238; }),
                 "image_stride is 238, shorter than a row of 240 bytes"));
  CHECK(contains(refusal([](auto& p) { p.output_stride = 1; }), "shorter than a row"));
  for (const std::int64_t stride : {INT64_MAX - 1, INT64_MIN, INT64_MAX / 1000})
    CHECK(contains(refusal([&](auto& p) { p.mask_stride = stride; }), "either way"));
  CHECK(contains(refusal([](auto& p) { p.mask_stride = 39; }), "shorter than a row"));
  CHECK(contains(refusal([](auto& p) {
                   p.ignored = p.output ? static_cast<const std::uint8_t*>(p.output) : nullptr,
                   p.ignored_stride = 39;
                 }),
                 "ignored_stride is 39"));
  CHECK(contains(refusal([](auto& p) { p.image_stride = 241; }),
                 "image or its stride of 241 bytes is not aligned"));
  CHECK(contains(refusal([](auto& p) { p.output_stride = 243; }),
                 "output or its stride of 243 bytes is not aligned"));
  CHECK(contains(refusal([](auto& p) { p.image = static_cast<const char*>(p.image) + 1; }), "not aligned"));
  CHECK(contains(refusal([](auto& p) { p.output = static_cast<char*>(p.output) + 1; }), "not aligned"));
  CHECK(contains(refusal([](auto& p) { p.transfer = ATTUNE_LINEAR; }), "for float formats"));
  CHECK(contains(refusal([](auto& p) {
                   p.output = const_cast<void*>(p.image);
                   p.output_stride = 242;
                 }),
                 "in place"));
  for (const std::int32_t number : {-1, 8, 77}) {
    const std::string is = " is " + std::to_string(number);
    CHECK(contains(refusal([&](auto& p) { std::memcpy(&p.format, &number, sizeof number); }),
                   "pixel format" + is));
    CHECK(contains(refusal([&](auto& p) { std::memcpy(&p.transfer, &number, sizeof number); }),
                   "transfer" + is));
    CHECK(contains(refusal([&](auto& p) { std::memcpy(&p.mask_format, &number, sizeof number); }),
                   "mask format" + is));
  }
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
    return refusal({sizeof(attune_harmonize_options), strength, 0});
  };
  CHECK(strength_refusal(-0.25f) == "strength is -0.25, expected 0 to 1");
  CHECK(strength_refusal(1.5f) == "strength is 1.5, expected 0 to 1");
  CHECK(contains(strength_refusal(INFINITY), "strength is inf"));
  CHECK(contains(strength_refusal(NAN), "strength is nan"));
  CHECK(contains(refusal({0, 1, 0}), "attune_harmonize_options.struct_size is 0"));
  // Also where there is nothing to do.
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{255}}) {
    EmbeddedPicture same;
    same.set_mask(value);
    const attune_harmonize_options wrong{sizeof wrong, 2, 0};
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
