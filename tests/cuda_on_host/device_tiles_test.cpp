// Large pictures with the blend head in a device's memory: their tiles, apart from a session, on pictures small enough for the
// host's runtime.
#include <memory>

#include "embed/model_on_device.h"
#include "embed/tiles.h"
#include "tests/cuda_on_host/device_objects.h"
#include "tests/cuda_on_host/schedule.h"
#include "tests/embed/blend_models.h"
#include "tests/embed/embedded_pictures.h"

namespace attune::test {
namespace {

// Of two tiles in a row, or one above the other.
struct LongPicture : EmbeddedPicture {
  LongPicture(PictureSize size, int shift) : EmbeddedPicture(ATTUNE_RGB8, 0, size.width, size.height) {
    for (std::uint8_t& sample : image) sample = static_cast<std::uint8_t>(sample / 2 + shift);
  }
};

// A network on the overviews of such pictures, and on their tiles.
class Tiles {
 public:
  Tiles(Device device, PictureSize size)
      : context_(device, 1),
        monitor_(session_options(-1, 1)),
        model_(with_blend_model(true, {8, 12, 16}, std::make_shared<const Model, const std::string&>),
               device),
        whole_(context_, model_.harmonizer(), {size.height / 2, size.width / 2}, 1, device, true, monitor_),
        tiles_(context_, model_.harmonizer(), size, whole_, monitor_) {}

  TensorView enqueue(const attune_picture& description, bool inverted) {
    const Picture picture = checked(description, context_.device());
    load_input(context_, picture, inverted, whole_.input(0), nullptr, monitor_, 0);
    whole_.run(monitor_, 0);
    return tiles_.run(context_, picture, inverted, 0);
  }
  std::vector<float> colours(const attune_picture& description, bool inverted) {
    const TensorView result = enqueue(description, inverted);
    context_.synchronize();
    std::vector<float> values(static_cast<std::size_t>(result.elements()));
    copy_bytes(values.data(), Device{}, result.data, context_.device(), result.bytes());
    return values;
  }

 private:
  Context context_;
  Monitor monitor_;
  ModelOnDevice model_;
  NetworkRun whole_;
  TiledNetwork tiles_;
};

void check_against_host(PictureSize size) {
  Tiles host(Device{}, size), device(cuda_device, size);
  for (const bool inverted : {false, true}) {
    LongPicture picture(size, inverted ? 90 : 0);  // the second time told of another one
    std::vector<std::uint8_t> ignored(picture.mask.size(), 0);
    std::fill_n(ignored.begin(), ignored.size() / 9, std::uint8_t{255});
    DeviceArray<std::uint8_t> image(picture.image), mask(picture.mask), ignored_on_device(ignored);
    REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
    attune_picture description = picture.description();
    if (inverted) description.ignored = ignored.data();
    const std::vector<float> expected = host.colours(description, inverted);
    description.image = description.output = image.data();
    description.mask = mask.data();
    description.memory = ATTUNE_DEVICE_MEMORY;
    if (inverted) description.ignored = ignored_on_device.data();
    const std::vector<float> actual = device.colours(description, inverted);
    float largest = 0;  // of what the mask lets through; on the CPU tiles without any are left out
    for (std::size_t i = 0; i < actual.size(); ++i)
      if (picture.mask[i / 3] != (inverted ? 255 : 0))
        largest = std::max(largest, std::fabs(actual[i] - expected[i]));
    CHECK(largest < 1e-4f);
#ifdef ATTUNE_CUDA_ON_HOST
    cuda_on_host::reset_counters();
    device.enqueue(description, inverted);
    CHECK(cuda_on_host::counters().allocations == 0);
    CHECK(cuda_on_host::counters().synchronizations == 0);
    CHECK(cuda_on_host::counters().pageable_copies == 0);
    REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
#endif
  }
}

TEST_CASE("Tiles of a picture in device memory become what they become in host memory") {
  if (!have_cuda_device()) return;
  check_against_host({24, 600});
  check_against_host({600, 20});
}

}  // namespace
}  // namespace attune::test
