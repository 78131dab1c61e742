// What an image's rows have to do with its loss: shared by the CPU and the CUDA body.
#pragma once

#include "kernels/patch_infonce/patch_infonce.h"

namespace attune::patch_infonce {

// The rows of one image that count.
struct Counts {
  std::int64_t anchors = 0, positives = 0, negatives = 0;

  constexpr bool contribute(bool other_positives_in_denominator) const {
    const std::int64_t others = other_positives_in_denominator ? positives - 1 : 0;
    return anchors > 0 && positives > 0 && negatives + others > 0;
  }
};

// The part that a set's columns have in the loss.
enum class Role : std::uint8_t {
  rest,                  // negatives
  positive_set,          // set mode's positives
  one_positive,          // indexed mode's positives: one an anchor, the others are out of the loss
  one_positive_and_rest  // ... or in the denominator
};

constexpr Role role_of_positives(const Options& options) {
  if (options.pairing == Pairing::set) return Role::positive_set;
  return options.other_positives_in_denominator ? Role::one_positive_and_rest : Role::one_positive;
}

}  // namespace attune::patch_infonce
