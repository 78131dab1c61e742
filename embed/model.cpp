#include "embed/model.h"

#include <dlfcn.h>
#include <sys/auxv.h>

namespace attune {

namespace {

constexpr const char* shipped_name = "small.safetensors";
constexpr const char* name_in_memory = "model in memory";  // in messages

// The folder of the program or shared library that this code was linked into.
std::filesystem::path own_folder() {
  Dl_info info{};
  std::filesystem::path path;
  if (dladdr(reinterpret_cast<void*>(&shipped_model_path), &info) != 0 && info.dli_fname)
    path = info.dli_fname;
  // For the program itself the name may be its argv[0], which need not be a path.
  std::error_code error;
  if (!path.is_absolute()) path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {  // a bare chroot has no /proc: what exec() was given
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel passes it so
    const auto* started = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
    path = started ? started : "";
  }
  const std::filesystem::path resolved = std::filesystem::canonical(path, error);
  return (error ? path : resolved).parent_path();
}

}  // namespace

Model::Model(const std::filesystem::path& path, const Allocator& allocator)
    : Model(path, path.string(), read_safetensors(path), allocator) {}

Model::Model(const void* data, std::size_t bytes, const Allocator& allocator)
    : Model({}, name_in_memory, parse_safetensors(data, bytes, name_in_memory), allocator) {}

Model::Model(const std::filesystem::path& path, const std::string& name, const SafetensorsFile& file,
             const Allocator& allocator)
    : path_(path),
      metadata_(file.metadata),
      description_(describe_model(file, name)),
      harmonizer_(store_, description_.options) {
  store_.allocate_for_inference(Device{}, allocator);
  load_weights(file, name, harmonizer_, store_);
}

std::filesystem::path shipped_model_path() {
  const std::filesystem::path folder = own_folder();
  std::string tried;
  for (const char* place : {"../share/attune/models", "../../share/attune/models", "../../models"}) {
    std::filesystem::path candidate = (folder / place / shipped_name).lexically_normal();
    std::error_code error;
    if (std::filesystem::exists(candidate, error)) return candidate;
    tried += (tried.empty() ? "" : ", ") + candidate.string();
  }
  fail(ErrorKind::input, "the shipped model is not there; looked for ", tried);
}

}  // namespace attune
