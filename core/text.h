// Text for messages: near names and shortened values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune {

// The candidate that `name` was probably meant to be: the one with the fewest edits (insertions, deletions,
// replacements, swaps of neighbours; letter case is free), the first of equals. Empty where even that one needs more
// edits than a third of the name.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// ": did you mean 'NEAREST'?", or nothing where no candidate is near: the end of a message.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

// `value` on one line: control characters become spaces, and what is longer than `limit` ends in "...".
std::string shortened(std::string_view value, std::size_t limit);

}  // namespace attune
