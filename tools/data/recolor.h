// Fresh composites: recolours a photograph's foreground so that it no longer belongs, as iHarmony4's
// composites were made, but anew at every step.
//
// A level (mild, medium, strong) is drawn, then, up to `attempts` times, a method (a transfer towards a
// region of another photograph, or a parametric edit) and how strongly it is blended in. A draw is rejected
// where the change is outside the level's range of fMSE or clips too many pixels; if all are, the one nearest
// to acceptance stays.
//
// The levels' ranges reach as far as iHarmony4 does (subset means of fMSE 997 to 2052, single channels off by
// 110 levels); tests/tools/recolor_test.cpp states the distribution.
#pragma once

#include <functional>

#include "tools/data/edit.h"
#include "tools/data/transfer.h"

namespace attune::tools {

struct RecolorLevel {
  float probability;
  float strength;              // scales the edits' ranges and the transfers' limits
  float min_blend, max_blend;  // between the photograph (0) and the recoloured pixels (1)
  float min_fmse, max_fmse;    // on the 0..255 scale
};

// The shares of the methods.
struct MethodWeights {
  float reinhard_lab = 0.17f;
  float reinhard_rgb = 0.08f;
  float monge_kantorovich = 0.14f;
  float quantile_lab = 0.11f;
  float quantile_rgb = 0.1f;
  float edit = 0.4f;
};

struct RecolorOptions {
  RecolorLevel mild{0.3f, 0.6f, 0.4f, 0.9f, 30, 500};
  RecolorLevel medium{0.4f, 1, 0.6f, 1, 300, 2500};
  RecolorLevel strong{0.3f, 1.6f, 0.8f, 1, 1500, 9000};
  MethodWeights methods;
  EditRanges edits;
  TransferLimits limits;
  float max_clipped = 0.08f;  // the share of pixels that newly leave [0, 1]
  int attempts = 12;
};

// Draws the pixels of a reference region; empty where there is none (then the method is an edit).
using DrawReference = std::function<Pixels(PhiloxStream&)>;

struct Recoloring {
  Pixels pixels;       // clipped to [0, 1]
  double fmse = 0;     // against the region, weighted by its mask, 0..255 scale
  double clipped = 0;  // the share of pixels that were newly clipped
  bool accepted = false;
};

// A pure function of its arguments and the stream's place. An empty region gives an empty result.
Recoloring recolor(const Region& region, const DrawReference& draw_reference, const RecolorOptions& options,
                   PhiloxStream& random);

}  // namespace attune::tools
