#include "tests/reference/patch_sample_reference.h"

namespace attune::patch_sample::cpu {

void draw(Context&, const Draw& a, const Options& options) {
  reference::patch_sample::draw<double>(a, options);
}
void gather(Context&, const Gather& a) { reference::patch_sample::gather<double>(a); }
void scatter(Context&, const Scatter& a) { reference::patch_sample::scatter<double>(a); }
std::int64_t workspace_bytes(std::int64_t, std::int64_t) { return 0; }

}  // namespace attune::patch_sample::cpu
