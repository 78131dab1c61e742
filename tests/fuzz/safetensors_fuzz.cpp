// Any bytes are either a file whose tensors fit into it, or ErrorKind::input.
#include "core/safetensors.h"
#include "tests/fuzz/fuzz_check.h"

using namespace attune;
using namespace attune::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SafetensorsFile file;
  if (!accepts([&] { file = parse_safetensors(data, size, "input"); })) return 0;
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const auto count = static_cast<std::size_t>(tensor.view().bytes());
    // A copy reads every byte, which AddressSanitizer watches.
    const auto* begin = static_cast<const std::uint8_t*>(tensor.view().data);
    bytes += std::vector<std::uint8_t>(begin, begin + count).size();
  }
  check(bytes <= size);
  return 0;
}
