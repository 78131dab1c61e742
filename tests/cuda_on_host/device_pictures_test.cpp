// Pictures in a device's memory, by the C API: on the caller's stream, without waiting, and in the caller's graph.
#include <algorithm>
#include <cstdlib>
#include <functional>

#include "tests/cuda_on_host/device_objects.h"
#include "tests/cuda_on_host/schedule.h"
#include "tests/embed/blend_models.h"
#include "tests/embed/embedded_pictures.h"

namespace attune::test {
namespace {

api::Harmonizer session_on(cudaStream_t stream, const api::Model& model = api::Model(model_path())) {
  attune_session_options options = session_options(cuda_device.index, 1);
  options.stream = stream;
  return api::Harmonizer(model, options);
}

// The frame of a picture, in part or altogether.
std::vector<std::uint8_t> ignored_frame(const EmbeddedPicture& picture) {
  std::vector<std::uint8_t> ignored;
  for (std::int64_t y = 0; y < picture.height; ++y)
    for (std::int64_t x = 0; x < picture.width + picture.padding; ++x)
      ignored.push_back(x < 4 || y < 3 ? 255 : x > picture.width - 4 ? 100 : 0);
  return ignored;
}

// A picture's copies on the device.
struct OnDevice {
  EmbeddedPicture& host;
  DeviceArray<std::uint8_t> image, mask, output, ignored;

  explicit OnDevice(EmbeddedPicture& host_)
      : host(host_), image(host.image), mask(host.mask), output(host.output), ignored(ignored_frame(host)) {
    // Small copies may still be on their way, and the session's stream does not wait for them.
    REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  }
  attune_picture description(bool in_place = false) {
    attune_picture picture = host.description();
    picture.image = image.data();
    picture.mask = mask.data();
    picture.output = in_place ? image.data() : output.data();
    picture.memory = ATTUNE_DEVICE_MEMORY;
    return picture;
  }
};

constexpr attune_harmonize_options in_full = ATTUNE_HARMONIZE_OPTIONS_INIT;

// One step of 8 bits where rounding falls to the other side; of finer samples less.
double tolerance(const EmbeddedPicture& picture) { return picture.sample_bytes() == 1 ? 1.01 / 255 : 3e-4; }

void check_against_host(api::Harmonizer& session, EmbeddedPicture picture, attune_harmonize_options options,
                        bool in_place, bool ignores = false) {
  INFO("format " << picture.format << ", transfer " << picture.transfer << ", in place " << in_place);
  OnDevice device(picture);
  attune_picture on_device = device.description(in_place), on_host = picture.description();
  const std::vector<std::uint8_t> ignored = ignored_frame(picture);
  if (ignores) {
    on_host.ignored = ignored.data(), on_device.ignored = device.ignored.data();
    on_host.ignored_stride = on_device.ignored_stride = picture.width + picture.padding;
  }
  CHECK(session.run(on_device, options) == ATTUNE_MASK_UNKNOWN);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  session.run({on_host}, options);
  const std::vector<std::uint8_t> result = (in_place ? device.image : device.output).get();
  CHECK(largest_difference(picture, result, picture, picture.output) <= tolerance(picture));
  CHECK(largest_difference(picture, result, picture, picture.image) > 0.01);
  const std::vector<std::uint8_t>& around = in_place ? picture.image : picture.output;
  for (std::int64_t y = 0; y < picture.height; ++y)
    for (std::int64_t i = picture.row_bytes(); i < picture.stride(); ++i) {
      const auto at = static_cast<std::size_t>(y * picture.stride() + i);
      if (result[at] != around[at]) FAIL_CHECK("the gap behind row " << y << " was written");
    }
}

void check_formats(const api::Model& model, const std::vector<attune_pixel_format>& formats) {
  const Stream stream;
  api::Harmonizer session = session_on(stream, model);
  attune_harmonize_options half = in_full, inverted = in_full;
  half.strength = 0.5f;
  inverted.invert = 1;
  for (const attune_pixel_format format : formats) {
    check_against_host(session, EmbeddedPicture(format, 0, 24, 16), in_full, false);
    check_against_host(session, EmbeddedPicture(format, 8, 24, 16), half, true);
  }
  for (const attune_pixel_format format : {ATTUNE_BGR8, ATTUNE_RGBA16})
    check_against_host(session, EmbeddedPicture(format, 4, 25, 17), inverted, false);
  for (const attune_pixel_format format : {ATTUNE_RGB32F, ATTUNE_RGBA32F})
    check_against_host(session, EmbeddedPicture(format, 0, 24, 16, ATTUNE_LINEAR), in_full, false);
  check_against_host(session, EmbeddedPicture(ATTUNE_BGRA8, 4, 41, 30), in_full, false, true);
  check_against_host(session, EmbeddedPicture(ATTUNE_RGB32F, 0, 24, 16), inverted, true, true);
}

TEST_CASE("A picture in device memory of any format becomes what it becomes in host memory") {
  if (!have_cuda_device()) return;
  check_formats(api::Model(model_path()), {std::begin(all_formats), std::end(all_formats)});
  check_formats(blend_model(true), {ATTUNE_RGB8, ATTUNE_BGRA8, ATTUNE_RGBA16, ATTUNE_RGB32F});
}

// As rows that go up, with a mask of floats and an output without the picture's padding.
attune_picture unusual(EmbeddedPicture picture, const std::uint8_t* image, const float* mask,
                       std::uint8_t* output) {
  attune_picture description = picture.description();
  description.image = image + (picture.height - 1) * picture.stride();
  description.image_stride = -picture.stride();
  description.mask = mask;
  description.mask_stride = 0;
  description.mask_format = ATTUNE_MASK32F;
  description.output = output + (picture.height - 1) * picture.row_bytes();
  description.output_stride = -picture.row_bytes();
  return description;
}

TEST_CASE("Rows that go up, masks of floats and outputs of other strides give in either memory the same") {
  if (!have_cuda_device()) return;
  const Stream stream;
  api::Harmonizer session = session_on(stream);
  EmbeddedPicture picture(ATTUNE_RGB8, 4, 24, 16);
  std::vector<float> mask;
  for (std::int64_t y = 0; y < picture.height; ++y)
    for (std::int64_t x = 0; x < picture.width; ++x)
      mask.push_back(static_cast<float>(picture.mask_at(x, y)) / 255);
  std::vector<std::uint8_t> expected(static_cast<std::size_t>(picture.height * picture.row_bytes()), 0);
  DeviceArray<std::uint8_t> image(picture.image), output(expected);
  DeviceArray<float> weights(mask);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  session.run(unusual(picture, picture.image.data(), mask.data(), expected.data()));

  attune_picture on_device = unusual(picture, image.data(), weights.data(), output.data());
  on_device.memory = ATTUNE_DEVICE_MEMORY;
  session.run(on_device);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  const std::vector<std::uint8_t> actual = output.get();
  for (std::size_t i = 0; i < actual.size(); ++i)
    if (std::abs(actual[i] - expected[i]) > 1) FAIL_CHECK("sample " << i);
  CHECK(std::count(actual.begin(), actual.end(), 0) == 0);
}

TEST_CASE("What is pending on the stream comes before a picture, and a session is freed after it") {
  if (!have_cuda_device()) return;
  for_each_schedule(2, [] {
    const Stream stream;
    EmbeddedPicture picture;
    const std::vector<std::uint8_t> nothing(picture.image.size(), 0);
    OnDevice device(picture), late(picture);
    REQUIRE(cudaMemcpy(late.image.data(), nothing.data(), nothing.size(), cudaMemcpyHostToDevice) ==
            cudaSuccess);
    REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
    {
      api::Harmonizer session = session_on(stream);
      session.run({device.description()}, in_full);
      REQUIRE(cudaMemcpyAsync(late.image.data(), device.image.data(), nothing.size(),
                              cudaMemcpyDeviceToDevice, stream) == cudaSuccess);
      session.run({late.description()}, in_full);
    }
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK((late.output.get() == device.output.get()));
    CHECK_FALSE((late.output.get() == picture.output));
  });
}

TEST_CASE("A background that is ignored altogether leaves a picture in device memory as it is") {
  if (!have_cuda_device()) return;
  const Stream stream;
  api::Harmonizer session = session_on(stream);
  EmbeddedPicture picture;
  OnDevice device(picture);
  // All but the foreground; and all but one pixel of the background.
  for (const bool but_one : {false, true}) {
    std::vector<std::uint8_t> ignored(picture.mask.size(), 255);
    if (but_one) ignored[0] = 254;
    DeviceArray<std::uint8_t> ignored_on_device(ignored);
    attune_picture description = device.description();
    description.ignored = ignored_on_device.data();
    description.ignored_stride = picture.width;
    REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
    session.run({description}, in_full);
    REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
    CHECK((device.output.get() == picture.image) != but_one);
  }
}

void check_unchanged(const api::Model& model) {
  const Stream stream;
  api::Harmonizer session = session_on(stream, model);
  for (const std::uint8_t mask : {std::uint8_t{0}, std::uint8_t{255}})
    for (const std::int32_t invert : {0, 1}) {
      EmbeddedPicture picture;
      picture.set_mask(mask);
      OnDevice device(picture);
      attune_harmonize_options options = in_full;
      options.invert = invert;
      session.run({device.description()}, options);
      REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
      CHECK((device.output.get() == picture.image));
    }
  attune_harmonize_options none = in_full;
  none.strength = 0;
  EmbeddedPicture picture;
  OnDevice device(picture);
  session.run({device.description()}, none);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  CHECK((device.output.get() == picture.image));
}

TEST_CASE("Without a foreground or a background a picture in device memory stays as it is") {
  if (!have_cuda_device()) return;
  check_unchanged(api::Model(model_path()));
  check_unchanged(blend_model(false));
}

TEST_CASE("Pictures in device memory pass in one batch with others") {
  if (!have_cuda_device()) return;
  const Stream stream;
  api::Harmonizer session = session_on(stream);
  EmbeddedPicture first, second(ATTUNE_RGBA8), third, alone;
  second.set_mask(255);
  OnDevice first_device(first), second_device(second);
  const std::vector<attune_mask_kind> kinds =
      session.run({first_device.description(), second_device.description(), third.description()});
  CHECK((kinds == std::vector<attune_mask_kind>{ATTUNE_MASK_UNKNOWN, ATTUNE_MASK_UNKNOWN, ATTUNE_MASK_BOTH}));
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  session.run({alone.description()}, in_full);
  CHECK(largest_difference(first, first_device.output.get(), alone, alone.output) <= tolerance(alone));
  CHECK((second_device.output.get() == second.image));
  CHECK(largest_difference(third, alone) <= tolerance(alone));
}

// With parts that are ignored.
attune_picture with_ignored(OnDevice& device) {
  attune_picture description = device.description();
  description.ignored = device.ignored.data();
  return description;
}

void check_second_call(const api::Model& model) {
  for_each_schedule(2, [&] {
    const Stream stream;
    api::Harmonizer session = session_on(stream, model);
    EmbeddedPicture picture, other;
    for (std::uint8_t& sample : other.image) sample = static_cast<std::uint8_t>(sample / 2 + 40);
    OnDevice device(picture), of_other(other);
    session.run({with_ignored(device)}, in_full);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    const std::vector<std::uint8_t> expected = device.output.get();
    session.run({with_ignored(of_other)}, in_full);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);

#ifdef ATTUNE_CUDA_ON_HOST
    cuda_on_host::reset_counters();
    session.run({with_ignored(device)}, in_full);
    session.run({device.description()}, in_full);  // whose plan is less
    session.run({with_ignored(device)}, in_full);
    CHECK(cuda_on_host::counters().allocations == 0);
    CHECK(cuda_on_host::counters().synchronizations == 0);
    CHECK(cuda_on_host::counters().pageable_copies == 0);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
#endif

    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    DeviceArray<std::uint8_t> target(std::vector<std::uint8_t>(picture.output.size(), 0));
    attune_picture captured = with_ignored(device);
    captured.output = target.data();
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
    session.run(captured);
    REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
    REQUIRE(cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess);
    REQUIRE(cudaGraphLaunch(executable, stream) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK((target.get() == expected));
    // The graph reads what the picture holds when it is launched.
    REQUIRE(cudaMemcpyAsync(device.image.data(), of_other.image.data(), other.image.size(),
                            cudaMemcpyDeviceToDevice, stream) == cudaSuccess);
    REQUIRE(cudaGraphLaunch(executable, stream) == cudaSuccess);
    REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK((target.get() == of_other.output.get()));
    static_cast<void>(cudaGraphExecDestroy(executable));
    static_cast<void>(cudaGraphDestroy(graph));
  });
}

TEST_CASE("A second call neither waits nor allocates, and the caller's graph repeats it") {
  if (!have_cuda_device()) return;
  check_second_call(api::Model(model_path()));
  check_second_call(blend_model(true));
}

TEST_CASE("What cannot be a picture in device memory is refused") {
  if (!have_cuda_device()) return;
  const Stream stream;
  EmbeddedPicture picture;
  OnDevice device(picture);
  const auto refused = [&](api::Harmonizer session, attune_status status, const std::string& words,
                           const std::function<void(attune_picture&)>& change) {
    attune_picture description = device.description();
    change(description);
    attune_status found = ATTUNE_OK;
    try {
      session.run(description);
    } catch (const api::Failure& failure) {
      found = failure.status();
      CHECK_THAT(failure.what(), Catch::Contains(words));
    }
    CHECK(found == status);
    REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
    CHECK((device.output.get() == picture.output));
  };
  const auto as_it_is = [](attune_picture&) {};
  refused(session_on(stream), ATTUNE_INVALID_ARGUMENT, "image is no memory",
          [&](attune_picture& p) { p.image = picture.image.data(); });
  refused(session_on(stream), ATTUNE_INVALID_ARGUMENT, "mask is no memory",
          [&](attune_picture& p) { p.mask = picture.mask.data(); });
  refused(session_on(stream), ATTUNE_INVALID_ARGUMENT, "output is no memory",
          [&](attune_picture& p) { p.output = picture.output.data(); });
  refused(session_on(stream), ATTUNE_INVALID_ARGUMENT, "ignored is no memory",
          [&](attune_picture& p) { p.ignored = picture.mask.data(); });
  refused(api::Harmonizer(api::Model(model_path()), -1, 1), ATTUNE_INVALID_ARGUMENT, "session on the CPU",
          as_it_is);
  refused(api::Harmonizer(api::Model(model_path()), cuda_device.index, 1), ATTUNE_UNSUPPORTED,
          "caller's stream", as_it_is);

  attune_session_options on_cpu = session_options(-1, 1);
  on_cpu.stream = static_cast<cudaStream_t>(stream);
  CHECK_THROWS_AS(api::Harmonizer(api::Model(model_path()), on_cpu), api::Failure);
}

TEST_CASE("A session that would have to plan is not captured, and goes on afterwards") {
  if (!have_cuda_device()) return;
  const Stream stream;
  api::Harmonizer session = session_on(stream);
  EmbeddedPicture picture, large(ATTUNE_RGB8, 0, 48, 24);
  OnDevice device(picture), of_large(large);
  session.run({device.description()}, in_full);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  const std::vector<std::uint8_t> expected = device.output.get();
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
  CHECK_THROWS_WITH(session.run({of_large.description()}, in_full), Catch::Contains("before it is captured"));
  CHECK_THROWS_WITH(session.run({with_ignored(device)}, in_full), Catch::Contains("before it is captured"));
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  static_cast<void>(cudaGraphDestroy(graph));
  OnDevice again(picture);
  session.run({again.description()}, in_full);
  REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess);
  CHECK((again.output.get() == expected));
}

}  // namespace
}  // namespace attune::test
