// The cases of patch_infonce: comparison, gradient check and benchmark run from this list. Row counts,
// depths, batches, temperatures, pairings, values, dtypes and offsets are covered pairwise (math.md, 8).
#pragma once

#include <string>
#include <vector>

#include "core/dtype.h"
#include "kernels/patch_infonce/patch_infonce.h"
#include "tests/support/inputs.h"

namespace attune::test {

enum class InfoNceMode { set, indexed, indexed_with_others };

inline const char* name_of(InfoNceMode mode) {
  switch (mode) {
    case InfoNceMode::set:
      return "set";
    case InfoNceMode::indexed:
      return "indexed";
    case InfoNceMode::indexed_with_others:
      return "indexed_with_others";
  }
  return "?";
}

struct PatchInfoNceCase {
  patch_infonce::Extents extents;  // images, anchors, positives, negatives, depth
  InfoNceMode mode = InfoNceMode::set;
  Values values = Values::random;
  float temperature = 0.07f;
  bool counted = false;  // some rows of some images don't count
  DType dtype = DType::f32;
  int offset = 0;

  patch_infonce::Options options() const {
    return {temperature,
            mode == InfoNceMode::set ? patch_infonce::Pairing::set : patch_infonce::Pairing::indexed,
            mode == InfoNceMode::indexed_with_others};
  }
  std::string name() const {
    const patch_infonce::Extents& e = extents;
    return text(attune::name_of(dtype), "/N", e.images, "_K", e.anchors, "_P", e.positives, "_M", e.negatives,
                "_D", e.depth, '/', name_of(mode), '/', test::name_of(values), "/tau", temperature,
                counted ? "/counted" : "", offset ? "/offset" : "");
  }
};

inline std::vector<PatchInfoNceCase> patch_infonce_cases() {
  constexpr auto set = InfoNceMode::set, indexed = InfoNceMode::indexed,
                 others = InfoNceMode::indexed_with_others;
  constexpr auto random = Values::random, large_mean = Values::large_mean, constant = Values::constant;
  constexpr DType f32 = DType::f32, bf16 = DType::bf16;
  return {
      {{1, 1, 1, 1, 1}},
      {{5, 1, 63, 65, 3}, indexed, large_mean, 0.01f, true, bf16, 1},
      {{1, 1, 257, 0, 33}, others, random, 0.07f, false, f32, 1},
      {{5, 63, 1, 257, 5}, indexed, constant, 0.07f, false, f32},
      {{1, 63, 63, 63, 32}, set, random, 0.01f, false, bf16},
      {{5, 63, 65, 1, 33}, set, random, 0.07f, true, f32, 1},
      {{1, 65, 65, 0, 32}, others, random, 0.01f, false, f32},
      {{5, 65, 1, 63, 1}, set, large_mean, 0.01f, true, f32},
      {{1, 65, 257, 257, 3}, set, constant, 0.07f, false, bf16, 1},
      {{1, 257, 65, 1, 260}, indexed, random, 0.01f, false, f32, 1},
      {{1, 257, 257, 63, 5}, others, large_mean, 0.07f, false, bf16},
      {{5, 33, 17, 40, 264}, set, random, 0.07f, true, bf16},
      {{5, 40, 31, 0, 33}, others, random, 0.07f, true, bf16, 1},
      {{1, 257, 63, 65, 33}, set, large_mean, 0.07f, false, f32},
      {{1, 40, 301, 500, 33}, set, random, 0.07f, false, f32},  // three parts of the columns on the CPU
      {{5, 12, 24, 36, 32}, indexed, random, 0.07f, true, f32},
      {{1, 70, 4, 6, 129}, set, random, 0.07f, false, f32},
      {{1, 4, 5, 6, 129}, others, random, 0.07f, false, bf16},
      {{1, 33, 17, 49, 24}, set, random, 0.07f, false, bf16},  // one more than whole products of 16 rows
      {{1, 32, 16, 48, 24}, set, random, 0.07f, false, bf16},
      // Rows of 128 and 256 elements are held in registers: more than a block's owners, and part of a tile.
      {{2, 130, 35, 67, 256}, set, random, 0.07f, true, bf16},
      {{1, 70, 33, 0, 128}, others, random, 0.07f, false, bf16},
      {{1, 40, 65, 31, 256}, indexed, random, 0.07f, true, bf16},
      {{1, 17, 66, 16, 128}, set, large_mean, 0.07f, false, bf16},
      {{2, 9, 7, 8, 3}, set, random, 0.07f, false, f32},    // some rows are shorter than 1
      {{1, 9, 66, 67, 1}, set, random, 0.01f, false, f32},  // logits of 100 and -100
      {{1, 9, 66, 0, 1}, others, random, 0.01f, false, bf16},
      {{2, 32, 96, 12, 0}, set, random, 0.07f, false, f32},
      {{2, 8, 8, 0, 16}, set, random, 0.07f, false, f32},      // no negatives: no loss
      {{2, 8, 0, 8, 16}, set, random, 0.07f, false, bf16},     // no positives
      {{2, 8, 1, 0, 16}, others, random, 0.07f, false, f32},   // no other positive
      {{2, 0, 8, 8, 16}, indexed, random, 0.07f, false, f32},  // no anchors
      {{0, 8, 8, 8, 16}, set, random, 0.07f, false, f32},
  };
}

// Set mode, as many rows on every side.
inline PatchInfoNceCase patch_infonce_case_at(std::int64_t images, std::int64_t rows, DType dtype) {
  PatchInfoNceCase c{{images, rows, rows, rows, 256}};
  c.dtype = dtype;
  return c;
}

// Training at batch 8 with 256 patches, and a sweep of one image. The sweep's 1024 rows are the speed goal's.
inline std::vector<PatchInfoNceCase> patch_infonce_network_cases() {
  std::vector<PatchInfoNceCase> cases;
  for (const InfoNceMode mode : {InfoNceMode::set, InfoNceMode::indexed_with_others})
    cases.push_back({{8, 256, 256, mode == InfoNceMode::set ? 256 : 0, 256}, mode});
  return cases;
}
inline std::vector<PatchInfoNceCase> patch_infonce_sweep() {
  std::vector<PatchInfoNceCase> cases;
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const std::int64_t rows : {256, 1024, 4096}) cases.push_back(patch_infonce_case_at(1, rows, dtype));
  return cases;
}

}  // namespace attune::test
