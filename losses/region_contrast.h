// The region-wise contrastive loss (math.md, 5): it brings the style of the harmonized foreground and of the
// true background together, by patch InfoNCE between encoder features of the output, the real photograph and
// the composite.
//
// Each of the three sets (anchor, positive, negative) takes patches of one region of one picture; all go through a
// two-layer MLP head per level. The encoder sees its mask channel set to 0: else it could tell the regions apart
// without looking at style.
// Source: arXiv 2205.14058; CUT (arXiv 2007.15651) for the heads and the `aligned` reading.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "layers/harmonizer/harmonizer.h"
#include "layers/linear.h"
#include "losses/patches.h"

namespace attune {

enum class Branch { output, real, composite };

struct PatchSet {
  Branch picture = Branch::output;
  patch_sample::Region region = patch_sample::Region::foreground;

  friend bool operator==(const PatchSet& a, const PatchSet& b) {
    return a.picture == b.picture && a.region == b.region;
  }
};

// The defaults are the reading `attract`.
struct RegionContrastOptions {
  PatchSet anchor = {Branch::output, patch_sample::Region::foreground};
  PatchSet positive = {Branch::real, patch_sample::Region::background};
  PatchSet negative = {Branch::composite,
                       patch_sample::Region::foreground};  // where it is `positive`, the other
                                                           // positives are the negatives
  Matching matching = Matching::set;
  float temperature = 0.07f;
  std::int64_t samples = 256;                 // a set, level and picture
  std::vector<int> levels = {0, 1, 2, 3, 4};  // of the encoder
  std::int64_t width = 256;                   // of the heads
  bool trains_encoder = false;                // whether the loss also reaches the encoder's own weights
};

// The named readings of math.md, 5: "attract", "aligned", "literal". Sets the patch sets and the matching,
// nothing else; throws ErrorKind::configuration on another name.
void apply_reading(const std::string& name, RegionContrastOptions& options);

class RegionContrast {
 public:
  // Adds the heads' parameters to `store`. Throws ErrorKind::configuration where a level does not exist.
  RegionContrast(ParameterStore& store, const Harmonizer& harmonizer, const RegionContrastOptions& options);

  struct Pictures {
    ValueId output, real, composite;
  };
  // Adds the loss to `graph` and returns a scalar [1] a level; their mean is L_rc.
  std::vector<ValueId> add_to(Graph& graph, const Pictures& pictures, ValueId mask) const;

 private:
  struct Head {
    const LinearLayer *first, *second;
  };
  struct Positions {
    ValueId indices, count;
  };
  struct Sampled {
    ValueId features, count;
  };
  // The layers of one level.
  struct Level {
    int level;
    Head head;
  };

  Sampled sample(Graph& graph, const Level& level, ValueId features, const Positions& positions) const;

  const Harmonizer& harmonizer_;
  RegionContrastOptions options_;
  std::deque<LinearLayer> linears_;
  std::vector<Level> levels_;
  PatchDrawLayer draw_;
  PatchGatherLayer gather_;
  PatchInfoNceLayer infonce_;
};

}  // namespace attune
