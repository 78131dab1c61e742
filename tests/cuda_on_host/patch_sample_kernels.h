// A section of the smallest items (kernels/patch_sample/smallest_items.cuh), brought to the host: a draw's items are random,
// so that no mask makes those at the edges of a section.
#pragma once

#include <cstdint>
#include <vector>

#include "core/context.h"

namespace attune::test {

// The items of the section that has the `wanted` smallest of `items`, in order.
std::vector<std::uint64_t> smallest_items(Context& context, const std::vector<std::uint64_t>& items,
                                          int wanted);

}  // namespace attune::test
