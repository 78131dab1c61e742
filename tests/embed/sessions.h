// Sessions of the C API with the shipped model, and how far two foregrounds are apart.
#pragma once

#include <catch2/catch.hpp>

#include "tests/embed/embedded_pictures.h"
#include "tests/support/errors.h"

namespace attune::test {

// One model for all tests of a file, loaded by the first.
inline const attune_model* shared_model() {
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
inline std::vector<std::uint8_t> harmonized(const Session& session, EmbeddedPicture& picture) {
  attune_mask_kind kind = ATTUNE_MASK_EMPTY;
  REQUIRE(session.run(picture.description(), &kind) == ATTUNE_OK);
  CHECK(session.message().empty());
  CHECK(kind == ATTUNE_MASK_BOTH);
  return picture.output;
}

// The mean over the foreground, in levels.
inline double foreground_difference(EmbeddedPicture& a, const EmbeddedPicture& b) {
  double sum = 0;
  int samples = 0;
  for (std::int64_t y = 0; y < a.height; ++y)
    for (std::int64_t x = 0; x < a.width; ++x)
      for (int c = 0; c < 3 && a.mask_at(x, y) == 255; ++c, ++samples)
        sum += std::fabs(a.sample(a.output, x, y, c) - b.sample(b.output, x, y, c));
  return sum / samples;
}

}  // namespace attune::test
