// blend_output's CPU bodies in double precision, linked instead of the kernels into graph tests.
#include "kernels/blend_output/store_rows.h"
#include "tests/reference/blend_output_reference.h"

namespace attune::blend_output::cpu {

void forward(Context&, const Forward& a) { reference::blend_output::forward<double>(a); }
void backward(Context&, const Backward& a) { reference::blend_output::backward<double>(a); }
// No graph has them.
void store_rows(Context&, const StoredRows&) { fail(ErrorKind::internal, "no reference"); }
void add_tile(Context&, const AddTile& a) { reference::blend_output::add_tile(a); }

}  // namespace attune::blend_output::cpu
