// Training samples from small pictures on disk: purity, ranges, crops, and composites that differ only in the mask.
#include "tools/data/sampler.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>
#include <thread>

#include "core/error.h"
#include "tests/tools/temporary_folder.h"
#include "tools/data/loader.h"
#include "tools/data/mask_error.h"
#include "tools/data/random_region.h"
#include "tools/data/window.h"

using namespace attune;
using namespace attune::tools;

namespace {

constexpr std::int64_t size = 24;

struct Sample {
  std::vector<float> composite = std::vector<float>(3 * size * size, -1);
  std::vector<float> real = composite;
  std::vector<float> mask = std::vector<float>(size * size, -1);
  std::string name;
};
bool operator==(const Sample& a, const Sample& b) {
  return a.composite == b.composite && a.real == b.real && a.mask == b.mask && a.name == b.name;
}

Sample sample_of(const Sampler& sampler, std::int64_t step, std::int64_t index) {
  Sample sample;
  sampler.sample(step, index,
                 {sample.composite.data(), sample.real.data(), sample.mask.data(), &sample.name});
  return sample;
}

// A textured picture; `shift` tells pictures apart.
Image texture(std::int64_t width, std::int64_t height, int shift) {
  Image image(width, height, 3);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] =
            static_cast<std::uint8_t>(60 + (5 * x + 3 * y * (c + 1) + 40 * shift) % 130);
      }
    }
  }
  return image;
}

Image box_mask(std::int64_t width, std::int64_t height) {
  Image mask(width, height, 1);
  for (std::int64_t y = height / 4; y < height / 2; ++y) {
    std::fill_n(mask.row(y) + width / 4, width / 2, std::uint8_t{255});
  }
  return mask;
}

// Four pairs in iHarmony4's layout, whose stored composites are the photographs with a dark foreground; and three
// photographs without masks.
struct Folders {
  TemporaryFolder pairs, photos;
  Folders() {
    for (const char* part : {"composite_images", "masks", "real_images"}) {
      std::filesystem::create_directories(pairs.path() / part);
    }
    std::string list;
    for (int i = 0; i < 4; ++i) {
      const std::string stem = "p" + std::to_string(i);
      const Image real = texture(40 + 3 * i, 30, i), mask = box_mask(40 + 3 * i, 30);
      Image composite = real;
      for (std::size_t p = 0; p < mask.pixels.size(); ++p) {
        for (std::size_t c = 0; c < 3 && mask.pixels[p] > 0; ++c) composite.pixels[3 * p + c] = 10;
      }
      write_image(pairs.path() / "composite_images" / (stem + "_1_1.png"), composite);
      write_image(pairs.path() / "masks" / (stem + "_1.png"), mask);
      write_image(pairs.path() / "real_images" / (stem + ".png"), real);
      list += stem + "_1_1.png\n";
    }
    pairs.write("list.txt", list);
    for (int i = 0; i < 3; ++i) {
      write_image(photos.path() / ("q" + std::to_string(i) + ".png"), texture(100, 70, i + 9));
    }
  }
  std::vector<Source> sources(double photo_weight = 1) const {
    SourceConfig stored, fresh;
    stored.path = pairs.path();
    stored.list = "list.txt";
    fresh.kind = SourceKind::photos;
    fresh.path = photos.path();
    return {{1, load_items(stored)}, {photo_weight, load_items(fresh)}};
  }
};

SamplerOptions small_options() {
  SamplerOptions options;
  options.size = size;
  options.seed = 11;
  return options;
}

}  // namespace

TEST_CASE("a sample is a pure function of seed, step and index") {
  const Folders folders;
  const Sampler sampler(folders.sources(), small_options());
  SamplerOptions without_cache = small_options();
  without_cache.cache_bytes = 0;
  const Sampler uncached(folders.sources(), without_cache);
  SamplerOptions other_seed = small_options();
  other_seed.seed = 12;
  const Sampler other(folders.sources(), other_seed);
  int equal_to_other = 0;
  for (std::int64_t step = 0; step < 12; ++step) {
    for (const std::int64_t index : {0, 3}) {
      INFO("step " << step << ", index " << index);
      const Sample sample = sample_of(sampler, step, index);
      CHECK(sample == sample_of(uncached, step, index));
      CHECK(sample == sample_of(sampler, step, index));
      equal_to_other += sample == sample_of(other, step, index);
      CHECK_FALSE(sample == sample_of(sampler, step + 1, index));
    }
  }
  CHECK(equal_to_other == 0);
}

TEST_CASE("a loader over a sampler gives the same bytes with one and with four threads") {
  const Folders folders;
  const auto bytes_with = [&](int threads) {
    const Sampler sampler(folders.sources(), small_options());
    LoaderOptions options;
    options.batch = 5;
    options.size = size;
    options.threads = threads;
    Loader loader([&](std::int64_t step, std::int64_t index,
                      const SampleTarget& target) { sampler.sample(step, index, target); },
                  options);
    std::vector<float> bytes;
    for (int step = 0; step < 8; ++step) {
      const Batch& batch = loader.next();
      for (const Tensor* tensor : {&batch.composite, &batch.real, &batch.mask}) {
        bytes.insert(bytes.end(), tensor->as<float>(), tensor->as<float>() + tensor->view().elements());
      }
    }
    return bytes;
  };
  CHECK(bytes_with(1) == bytes_with(4));
}

TEST_CASE("samples are in range, and the composite differs from the photograph inside the mask only") {
  const Folders folders;
  const Sampler sampler(folders.sources(), small_options());
  std::set<std::string> names;
  for (std::int64_t step = 0; step < 150; ++step) {
    INFO("step " << step);
    const Sample sample = sample_of(sampler, step, 0);
    names.insert(sample.name);
    double inside = 0, foreground = 0;
    for (std::size_t p = 0; p < size * size; ++p) {
      REQUIRE((sample.mask[p] >= 0 && sample.mask[p] <= 1));
      foreground += static_cast<double>(sample.mask[p]);
      for (std::size_t c = 0; c < 3; ++c) {
        const float composite = sample.composite[3 * p + c], real = sample.real[3 * p + c];
        REQUIRE((composite >= 0 && composite <= 1 && real >= 0 && real <= 1));
        if (sample.mask[p] == 0) CHECK(std::abs(composite - real) < 1e-6f);
        inside = std::max(inside, static_cast<double>(std::abs(composite - real)));
      }
    }
    CHECK(foreground > 0);
    CHECK(inside > 0.01);
  }
  CHECK(names.size() == 7);  // all pictures of both sources
}

TEST_CASE("stored composites are used where nothing fresh is asked for, and weights choose the source") {
  const Folders folders;
  SamplerOptions options = small_options();
  options.fresh = 0;
  options.jitter = 0;
  const Sampler sampler(folders.sources(0.25), options);
  int photos = 0;
  for (std::int64_t step = 0; step < 200; ++step) {
    const Sample sample = sample_of(sampler, step, 1);
    if (sample.name[0] == 'q') {
      ++photos;
      continue;
    }
    for (std::size_t p = 0; p < size * size; ++p) {
      if (sample.mask[p] > 0.9999f) CHECK(sample.composite[3 * p] == Approx(10 / 255.0).margin(1e-3));
    }
  }
  CHECK(photos > 20);
  CHECK(photos < 60);
}

TEST_CASE("a fresh foreground goes towards the foreground of another picture") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "images");
  std::filesystem::create_directories(folder.path() / "masks");
  const Image mask = box_mask(40, 40);
  for (const char* name : {"a.png", "b.png"}) {  // alike: dark red foregrounds on a bright background
    Image image = texture(40, 40, 0);
    for (std::size_t p = 0; p < mask.pixels.size(); ++p) {
      const auto value = static_cast<std::uint8_t>(p % 7);
      if (mask.pixels[p] > 0)
        std::fill_n(image.pixels.begin() + static_cast<std::ptrdiff_t>(3 * p), 3, value);
      if (mask.pixels[p] > 0) image.pixels[3 * p] = static_cast<std::uint8_t>(80 + value);
    }
    write_image(folder.path() / "images" / name, image);
    write_image(folder.path() / "masks" / name, mask);
  }
  SourceConfig config;
  config.kind = SourceKind::photos;
  config.path = folder.path();
  SamplerOptions options = small_options();
  options.jitter = 0;
  options.recolor.methods = {0, 1, 0, 0, 0, 0};
  options.recolor.limits = TransferLimits::none();
  options.recolor.mild = options.recolor.medium = options.recolor.strong = {1, 1, 1, 1, 0, 1e9f};
  const Sampler sampler({{1, load_items(config)}}, options);
  for (std::int64_t step = 0; step < 20; ++step) {
    const Sample sample = sample_of(sampler, step, 0);
    for (std::size_t p = 0; p < size * size; ++p) {
      if (sample.mask[p] > 0.9999f) CHECK(std::abs(sample.composite[3 * p] - sample.real[3 * p]) < 0.1f);
    }
  }
}

TEST_CASE("windows keep the foreground's share in bounds where they can") {
  const Image mask = box_mask(80, 60);  // an eighth of the picture
  PhiloxStream random(3, 0);
  int whole = 0;
  for (int i = 0; i < 300; ++i) {
    const Window window = draw_window(random, 80, 60, mask, {0.2f, 1.25f, 0.1f, 0.3f});
    REQUIRE(
        (window.x >= 0 && window.y >= 0 && window.x + window.width <= 80 && window.y + window.height <= 60));
    if (window.width == 80 && window.height == 60) {
      ++whole;
      continue;
    }
    std::int64_t inside = 0;
    for (std::int64_t y = window.y; y < window.y + window.height; ++y) {
      inside += std::count(mask.row(y) + window.x, mask.row(y) + window.x + window.width, 255);
    }
    const double share = static_cast<double>(inside) / static_cast<double>(window.width * window.height);
    CHECK(share >= 0.0999);
    CHECK(share <= 0.3001);
  }
  CHECK(whole < 30);
  CHECK(draw_window(random, 80, 60, Image(80, 60, 1), {0.2f, 1.25f, 0.1f, 0.3f}).width == 80);
}

TEST_CASE("scaling a window keeps constants, averages areas and mirrors") {
  Image image(4, 2, 1);
  image.pixels = {0, 100, 200, 40, 20, 60, 0, 240};
  std::vector<float> out(8);
  resample(image, {0, 0, 4, 2}, 2, 1, false, out.data());
  CHECK(static_cast<double>(out[0]) == Approx(45 / 255.0));
  CHECK(static_cast<double>(out[1]) == Approx(120 / 255.0));
  resample(image, {0, 0, 4, 2}, 2, 1, true, out.data());
  CHECK(static_cast<double>(out[0]) == Approx(120 / 255.0));
  resample(image, {1, 0, 2, 1}, 4, 1, false, out.data());  // 100 200 enlarged: 100 125 175 200
  CHECK(static_cast<double>(out[0]) == Approx(100 / 255.0));
  CHECK(static_cast<double>(out[1]) == Approx(125 / 255.0));
  CHECK(static_cast<double>(out[3]) == Approx(200 / 255.0));
  resample(image, {0, 0, 4, 2}, 4, 2, false, out.data());
  for (std::size_t i = 0; i < 8; ++i) CHECK(static_cast<double>(out[i]) == Approx(image.pixels[i] / 255.0));
  CHECK_THROWS_AS(resample(image, {1, 0, 4, 2}, 4, 2, false, out.data()), Error);
  const Image small = shrink(texture(90, 30, 0), 30);
  CHECK(small.width == 30);
  CHECK(small.height == 10);
}

TEST_CASE("random regions take about the share they are asked for and are never empty") {
  std::vector<float> mask(64 * 64);
  for (const float fraction : {0.001f, 0.1f, 0.5f}) {
    double mean = 0;
    for (std::uint32_t i = 0; i < 50; ++i) {
      PhiloxStream random(9, i);
      draw_random_region(random, 64, fraction, mask.data());
      double area = 0;
      for (const float value : mask) {
        REQUIRE((value >= 0 && value <= 1));
        area += static_cast<double>(value) / 4096;
      }
      CHECK(area > 0);
      mean += area / 50;
    }
    CHECK(mean > 0.4 * static_cast<double>(fraction));
    CHECK(mean < 1.6 * static_cast<double>(fraction) + 0.005);
  }
}

TEST_CASE("the cache keeps within its budget and serves every thread") {
  const Folders folders;
  const std::vector<DataItem> items = folders.sources()[0].items;
  const std::int64_t one = read_picture(items[0], 1000).bytes();
  CHECK(one == 40 * 30 * 7);
  PictureCache cache(1000, 2 * one + one / 2);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 8; ++i) cache.get(items[static_cast<std::size_t>(i) % items.size()]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(cache.cached_bytes() > 0);
  CHECK(cache.cached_bytes() <= 2 * one + one / 2);
  CHECK(read_picture(items[0], 20).real.width == 20);
}

TEST_CASE("pictures that can't be used, and options out of range, are errors") {
  const Folders folders;
  write_image(folders.pairs.path() / "masks" / "p0_1.png", box_mask(9, 9));
  const std::vector<Source> sources = folders.sources();
  CHECK_THROWS_WITH(read_picture(sources[0].items[0], 100), Catch::Contains("p0_1.png is 9x9"));
  CHECK_THROWS_AS(Sampler({}, small_options()), Error);
  CHECK_THROWS_AS(Sampler(folders.sources(-1), small_options()), Error);
  SamplerOptions options = small_options();
  options.fresh = 1.5f;
  CHECK_THROWS_WITH(Sampler(folders.sources(), options), Catch::Contains("fresh is 1.5"));
  options = small_options();
  options.min_foreground = 0.9f;
  CHECK_THROWS_AS(Sampler(folders.sources(), options), Error);
}

namespace {

// Every sample a whole, fresh composite of the four photographs with masks.
SamplerOptions fresh_options() {
  SamplerOptions options = small_options();
  options.fresh = options.whole_picture = 1;
  options.jitter = 0;
  return options;
}

float share_of(const std::vector<float>& mask) {
  return std::accumulate(mask.begin(), mask.end(), 0.0f) / static_cast<float>(mask.size());
}

Sampler pairs_sampler(const Folders& folders, const SamplerOptions& options) {
  std::vector<Source> sources = folders.sources();
  sources.pop_back();
  return {std::move(sources), options};
}

}  // namespace

TEST_CASE("an inverted sample recolours what the mask leaves out") {
  const Folders folders;
  SamplerOptions inverted = fresh_options();
  inverted.invert = 1;
  const Sampler sampler = pairs_sampler(folders, inverted), plain = pairs_sampler(folders, fresh_options());
  for (std::int64_t step = 0; step < 8; ++step) {
    const Sample sample = sample_of(sampler, step, 0);
    CHECK(share_of(sample.mask) == Approx(0.875f).margin(0.01));  // box_mask covers an eighth
    CHECK(share_of(sample_of(plain, step, 0).mask) == Approx(0.125f).margin(0.01));
    bool changed = false;
    for (std::size_t i = 0; i < sample.mask.size(); ++i) {
      if (sample.mask[i] == 0) CHECK(sample.composite[3 * i] == sample.real[3 * i]);
      changed = changed || sample.composite[3 * i] != sample.real[3 * i];
    }
    CHECK(changed);
  }
}

TEST_CASE("an untouched sample is the photograph, with its mask") {
  const Folders folders;
  SamplerOptions untouched = fresh_options();
  untouched.untouched = 1;
  const Sampler sampler = pairs_sampler(folders, untouched), plain = pairs_sampler(folders, fresh_options());
  for (std::int64_t step = 0; step < 8; ++step) {
    const Sample sample = sample_of(sampler, step, 0), recoloured = sample_of(plain, step, 0);
    CHECK(sample.composite == sample.real);
    CHECK(sample.real == recoloured.real);
    CHECK(sample.mask == recoloured.mask);
    CHECK(recoloured.composite != recoloured.real);
  }
}

TEST_CASE("a retouched sample has the same edit in both pictures") {
  const Folders folders;
  SamplerOptions retouched = fresh_options();
  retouched.retouch = 1;
  const Sampler sampler = pairs_sampler(folders, retouched), plain = pairs_sampler(folders, fresh_options());
  int moved = 0;
  for (std::int64_t step = 0; step < 8; ++step) {
    const Sample sample = sample_of(sampler, step, 0), before = sample_of(plain, step, 0);
    CHECK(sample.mask == before.mask);
    moved += sample.real != before.real;
    for (std::size_t i = 0; i < sample.mask.size(); ++i) {
      if (sample.mask[i] == 0) CHECK(sample.composite[3 * i] == sample.real[3 * i]);
    }
    for (const float value : sample.real) CHECK((value >= 0 && value <= 1));
    for (const float value : sample.composite) CHECK((value >= 0 && value <= 1));
  }
  CHECK(moved >= 6);  // an edit may draw no change at all
}

TEST_CASE("a mask's error moves its edge, and nothing else") {
  constexpr std::int64_t side = 128, edge = side / 64;
  std::vector<float> mask(side * side);
  for (std::int64_t y = 40; y < 90; ++y) std::fill_n(mask.begin() + y * side + 30, 60, 1.0f);
  int smaller = 0, larger = 0, soft = 0;
  for (std::uint32_t i = 0; i < 40; ++i) {
    std::vector<float> moved = mask;
    PhiloxStream random(5, i);
    draw_mask_error(random, side, moved.data());
    for (std::int64_t y = 0; y < side; ++y) {
      for (std::int64_t x = 0; x < side; ++x) {
        const float value = moved[static_cast<std::size_t>(y * side + x)];
        const bool inside = y >= 40 + edge && y < 90 - edge && x >= 30 + edge && x < 90 - edge;
        const bool outside = y < 40 - edge || y >= 90 + edge || x < 30 - edge || x >= 90 + edge;
        REQUIRE((value >= 0 && value <= 1));
        if (inside) REQUIRE(value == 1);
        if (outside) REQUIRE(value == 0);
        soft += value > 0 && value < 1;
      }
    }
    smaller += share_of(moved) < share_of(mask);
    larger += share_of(moved) > share_of(mask);
  }
  CHECK(smaller > 5);
  CHECK(larger > 5);
  CHECK(soft > 0);
  // A line of one pixel would vanish: it stays.
  std::vector<float> line(side * side);
  std::fill_n(line.begin() + 50 * side, side, 1.0f);
  for (std::uint32_t i = 0; i < 20; ++i) {
    std::vector<float> moved = line;
    PhiloxStream random(6, i);
    draw_mask_error(random, side, moved.data());
    CHECK(share_of(moved) >= share_of(line) / 2);
  }
}
