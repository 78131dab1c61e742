// upsample_concat's CPU body in double precision, linked instead of the kernel into graph tests.
#include "tests/reference/upsample_concat_reference.h"

namespace attune::upsample_concat::cpu {

void forward(Context&, const Forward& a) { reference::upsample_concat::forward<double>(a); }
void backward(Context&, const Backward& a) { reference::upsample_concat::backward<double>(a); }
std::int64_t workspace_bytes(const Shape&) { return 0; }

}  // namespace attune::upsample_concat::cpu
