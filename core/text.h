// Text for messages and pages: near names, shortened values, figures, markup.
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

// With so many digits behind the point.
std::string fixed(double value, int digits);

// `value` as the text, or an attribute's value, of HTML and XML.
std::string escaped(std::string_view value);

}  // namespace attune
