// Training samples: each a pure function of (seed, step, index in the batch), whatever thread makes it and
// whatever is cached.
//
// A sample is made so: a source by weight, a picture of it uniformly; the whole picture scaled to a square,
// or a random window of it that keeps the foreground's share in bounds where possible; mirrored or not; as
// composite the stored one or a fresh recolouring of the photograph's foreground, or of its background with the
// parts changed (invert), or the photograph as it is (untouched); the same edit (retouch) and slight tone change (jitter) over both; a mask that is
// not quite the foreground's (mask_error).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/data/dataset.h"
#include "tools/data/picture_cache.h"
#include "tools/data/recolor.h"

namespace attune::tools {

struct SamplerOptions {
  std::uint64_t seed = 1;
  std::int64_t size = 256;        // S: pictures are S x S
  float fresh = 0.5f;             // probability of a fresh composite where a stored one is at hand
  float whole_picture = 0.3f;     // probability of the whole picture instead of a window
  float min_window_area = 0.35f;  // of the picture; a window's sides keep its proportions within max_stretch
  float max_stretch = 1.25f;
  float min_foreground = 0.02f;  // of the window
  float max_foreground = 0.8f;
  float mirror = 0.5f;   // probability
  float untouched = 0;   // probability
  float invert = 0;      // probability
  float mask_error = 0;  // probability
  float retouch = 0;     // probability
  float retouch_strength = 0.7f;
  float jitter = 0.05f;  // standard deviation of the log gamma per channel; 0 is none
  RecolorOptions recolor;
  std::int64_t cache_bytes = std::int64_t{512} << 20;
};

// A source's share of the samples, and its pictures.
struct Source {
  double weight = 1;
  std::vector<DataItem> items;
};

// The sources' pictures. Throws ErrorKind::input where one has none left.
std::vector<Source> load_sources(const std::vector<SourceConfig>& configs);

// Where one sample goes. Values are in [0, 1]; the mask is soft at the foreground's edge.
struct SampleTarget {
  float* composite;   // [S, S, 3]
  float* real;        // [S, S, 3]
  float* mask;        // [S, S]
  std::string* name;  // the item's
};

class Sampler {
 public:
  // Throws ErrorKind::configuration where there is no source, a weight isn't positive, or an option is out of
  // range.
  Sampler(std::vector<Source> sources, const SamplerOptions& options);

  // May be called from any thread. Throws ErrorKind::input where a picture can't be used.
  void sample(std::int64_t step, std::int64_t index, const SampleTarget& target) const;

  std::int64_t size() const { return options_.size; }

 private:
  const DataItem& pick_item(PhiloxStream& random) const;
  void draw_pictures(PhiloxStream& random, const Picture& picture, const SampleTarget& target) const;
  void draw_fresh(PhiloxStream& random, const SampleTarget& target) const;
  void draw_composite(PhiloxStream& random, const SampleTarget& target) const;
  Pixels draw_reference(PhiloxStream& random) const;
  void invert(const SampleTarget& target) const;
  void retouch(PhiloxStream& random, const SampleTarget& target) const;
  void jitter(PhiloxStream& random, const SampleTarget& target) const;

  std::vector<Source> sources_;
  SamplerOptions options_;
  std::unique_ptr<PictureCache> cache_;
};

}  // namespace attune::tools
