#include "tools/data/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tools/data/curve.h"
#include "tools/data/mask_error.h"
#include "tools/data/random.h"
#include "tools/data/random_region.h"
#include "tools/data/window.h"

namespace attune::tools {

namespace {

// Cached pictures are kept at up to this multiple of the training size, so that windows still have detail to
// show.
constexpr double cache_side = 1.5;
// Pixels of a reference region: enough for 33 quantiles.
constexpr std::uint32_t reference_pixels = 1024;
// A random region's share of the picture.
constexpr float min_region = 0.04f, max_region = 0.5f;
// A background of more than this stays one: what is left would say too little of the picture's style.
constexpr float max_inverted = 0.95f;
// Distinguishes this stream from the other uses of the same seed.
constexpr std::uint32_t sampler_stream = 0x5A3D;

void require_share(float value, const char* name) {
  require(value >= 0 && value <= 1, ErrorKind::configuration, name, " is ", value, ", expected 0 to 1");
}

void check(const SamplerOptions& options) {
  require(options.size >= 1 && options.size <= 16384, ErrorKind::configuration, "size is ", options.size,
          ", expected 1 to 16384");
  require_share(options.fresh, "fresh");
  require_share(options.whole_picture, "whole_picture");
  require_share(options.mirror, "mirror");
  require_share(options.untouched, "untouched");
  require_share(options.invert, "invert");
  require_share(options.mask_error, "mask_error");
  require_share(options.retouch, "retouch");
  require_share(options.max_foreground, "max_foreground");
  require(options.min_foreground >= 0 && options.min_foreground <= options.max_foreground,
          ErrorKind::configuration, "min_foreground is ", options.min_foreground,
          ", expected 0 to max_foreground");
  require(options.min_window_area > 0 && options.min_window_area <= 1, ErrorKind::configuration,
          "min_window_area is ", options.min_window_area, ", expected more than 0, at most 1");
  require(options.max_stretch >= 1 && options.max_stretch <= 4, ErrorKind::configuration, "max_stretch is ",
          options.max_stretch, ", expected 1 to 4");
  require(options.jitter >= 0 && options.jitter <= 1, ErrorKind::configuration, "jitter is ", options.jitter,
          ", expected 0 to 1");
  require(options.cache_bytes >= 0, ErrorKind::configuration, "cache_bytes is ", options.cache_bytes);
}

Color color_at(const std::uint8_t* pixel) {
  return {static_cast<float>(pixel[0]) / 255, static_cast<float>(pixel[1]) / 255,
          static_cast<float>(pixel[2]) / 255};
}

void append_pixel(const float* picture, std::int64_t size, std::int64_t place, float weight, Region& region) {
  const float* pixel = picture + 3 * place;
  region.pixels.push_back({pixel[0], pixel[1], pixel[2]});
  region.weight.push_back(weight);
  const auto column = place % size, row = place / size;
  region.position.push_back({(static_cast<float>(column) + 0.5f) / static_cast<float>(size),
                             (static_cast<float>(row) + 0.5f) / static_cast<float>(size)});
}

// The foreground of a sample: every pixel that the mask touches.
Region region_of(const SampleTarget& target, std::int64_t size, std::vector<std::int64_t>& places) {
  Region region;
  for (std::int64_t i = 0; i < size * size; ++i) {
    if (target.mask[i] <= 0) continue;
    places.push_back(i);
    append_pixel(target.real, size, i, target.mask[i], region);
  }
  return region;
}

}  // namespace

std::vector<Source> load_sources(const std::vector<SourceConfig>& configs) {
  std::vector<Source> sources;
  for (const SourceConfig& config : configs) sources.push_back({config.weight, load_items(config)});
  return sources;
}

Sampler::Sampler(std::vector<Source> sources, const SamplerOptions& options)
    : sources_(std::move(sources)), options_(options) {
  check(options_);
  require(!sources_.empty(), ErrorKind::configuration, "training needs at least one data source");
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    require(sources_[i].weight > 0 && std::isfinite(sources_[i].weight), ErrorKind::configuration,
            "data source ", i, " has weight ", sources_[i].weight, ", expected more than 0");
    require(!sources_[i].items.empty(), ErrorKind::configuration, "data source ", i, " has no pictures");
  }
  const auto longest = static_cast<std::int64_t>(std::ceil(cache_side * static_cast<double>(options_.size)));
  cache_ = std::make_unique<PictureCache>(longest, options_.cache_bytes);
}

void Sampler::sample(std::int64_t step, std::int64_t index, const SampleTarget& target) const {
  PhiloxStream random(options_.seed, checked_cast<std::uint32_t>(step), checked_cast<std::uint32_t>(index),
                      sampler_stream);
  const DataItem& item = pick_item(random);
  const std::shared_ptr<const Picture> picture = cache_->get(item);
  *target.name = item.name;
  draw_pictures(random, *picture, target);
  const bool stored = picture->composite.width > 0 && !happens(random, options_.fresh);
  if (!stored) draw_fresh(random, target);
  if (happens(random, options_.retouch)) retouch(random, target);
  jitter(random, target);
  if (happens(random, options_.mask_error)) draw_mask_error(random, options_.size, target.mask);
}

const DataItem& Sampler::pick_item(PhiloxStream& random) const {
  const std::size_t source =
      pick_weighted(random, sources_.size(), [&](std::size_t i) { return sources_[i].weight; });
  const std::vector<DataItem>& items = sources_[source].items;
  return items[random.below(checked_cast<std::uint32_t>(static_cast<std::int64_t>(items.size())))];
}

// The photograph, the mask and, where there is one, the stored composite, all through the same window.
void Sampler::draw_pictures(PhiloxStream& random, const Picture& picture, const SampleTarget& target) const {
  const std::int64_t size = options_.size;
  Window window{0, 0, picture.real.width, picture.real.height};
  if (!happens(random, options_.whole_picture)) {
    window = draw_window(
        random, window.width, window.height, picture.mask,
        {options_.min_window_area, options_.max_stretch, options_.min_foreground, options_.max_foreground});
  }
  const bool mirror = happens(random, options_.mirror);
  resample(picture.real, window, size, size, mirror, target.real);
  if (picture.mask.width > 0) {
    resample(picture.mask, window, size, size, mirror, target.mask);
  } else {
    draw_random_region(random, size, log_uniform(random, min_region, max_region), target.mask);
  }
  if (picture.composite.width > 0) resample(picture.composite, window, size, size, mirror, target.composite);
}

// A fresh composite from the photograph.
void Sampler::draw_fresh(PhiloxStream& random, const SampleTarget& target) const {
  if (happens(random, options_.invert)) invert(target);
  std::copy_n(target.real, 3 * options_.size * options_.size, target.composite);
  if (!happens(random, options_.untouched)) draw_composite(random, target);
}

// The foreground recoloured, blended by the mask.
void Sampler::draw_composite(PhiloxStream& random, const SampleTarget& target) const {
  std::vector<std::int64_t> places;
  const Region region = region_of(target, options_.size, places);
  const Recoloring recoloring = recolor(
      region, [this](PhiloxStream& stream) { return draw_reference(stream); }, options_.recolor, random);
  for (std::size_t i = 0; i < recoloring.pixels.size(); ++i) {
    float* pixel = target.composite + 3 * places[i];
    for (std::size_t c = 0; c < 3; ++c) pixel[c] += region.weight[i] * (recoloring.pixels[i][c] - pixel[c]);
  }
}

// Pixels of another picture's foreground, or of all of it where it has no mask.
Pixels Sampler::draw_reference(PhiloxStream& random) const {
  const std::shared_ptr<const Picture> picture = cache_->get(pick_item(random));
  const Image& real = picture->real;
  const auto count = checked_cast<std::uint32_t>(real.width * real.height);
  const std::uint8_t* mask = picture->mask.width > 0 ? picture->mask.pixels.data() : nullptr;
  Pixels pixels;
  // A foreground of 2 % yields 160 of 1024 pixels in 8 draws each.
  for (std::uint32_t draw = 0; draw < 8 * reference_pixels && pixels.size() < reference_pixels; ++draw) {
    const std::size_t place = random.below(count);
    if (mask == nullptr || mask[place] > 127) pixels.push_back(color_at(real.pixels.data() + 3 * place));
  }
  return pixels;
}

void Sampler::invert(const SampleTarget& target) const {
  float* const end = target.mask + options_.size * options_.size;
  const float background =
      1 - std::accumulate(target.mask, end, 0.0f) / static_cast<float>(end - target.mask);
  if (background > max_inverted || background < options_.min_foreground) return;
  std::transform(target.mask, end, target.mask, [](float value) { return 1 - value; });
}

// One region of both pictures' pixels, so that an edit that depends on their mean is the same for both.
void Sampler::retouch(PhiloxStream& random, const SampleTarget& target) const {
  const Edit edit = draw_edit(options_.recolor.edits, options_.retouch_strength, random);
  const std::int64_t side = options_.size;
  Region both;
  for (const float* picture : {target.composite, target.real})
    for (std::int64_t i = 0; i < side * side; ++i) append_pixel(picture, side, i, 1, both);
  const Pixels edited = apply_edit(edit, both);
  for (std::size_t i = 0; i < edited.size(); ++i) {
    const std::size_t pixel = i % (edited.size() / 2);
    float* const to = (i == pixel ? target.composite : target.real) + 3 * pixel;
    for (std::size_t c = 0; c < 3; ++c) to[c] = std::clamp(edited[i][c], 0.0f, 1.0f);
  }
}

// Harmony stays harmony under the same curve over the whole picture; it widens the range of tones seen in
// training.
void Sampler::jitter(PhiloxStream& random, const SampleTarget& target) const {
  if (options_.jitter == 0) return;
  const float common = normal(random) * options_.jitter;
  for (std::int64_t c = 0; c < 3; ++c) {
    const float gamma = std::exp(common + normal(random) * options_.jitter);
    const CurveTable curve([gamma](float value) { return std::pow(value, gamma); });
    for (std::int64_t i = c; i < 3 * options_.size * options_.size; i += 3) {
      target.composite[i] = curve(target.composite[i]);
      target.real[i] = curve(target.real[i]);
    }
  }
}

}  // namespace attune::tools
