#include "symbols.h"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string_view>

namespace cuda_on_host {

namespace {

std::string demangle(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                    std::free);
  return text ? text.get() : name;
}

// The executable comes first in the list of loaded objects.
template <class Visit>
void visit_executable(Visit visit) {
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        (*static_cast<Visit*>(data))(*info);
        return 1;
      },
      &visit);
}

template <class T>
T at(const std::vector<unsigned char>& file, std::size_t offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

}  // namespace

const Symbols& Symbols::of_executable() {
  static const Symbols symbols;
  return symbols;
}

Symbols::Symbols() {
  char path[PATH_MAX] = {};
  if (readlink("/proc/self/exe", path, sizeof path - 1) > 0) path_ = path;
  visit_executable([this](const dl_phdr_info& info) {
    base_ = info.dlpi_addr;
    image_begin_ = UINTPTR_MAX;
    for (int i = 0; i < info.dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = info.dlpi_phdr[i];
      if (segment.p_type != PT_LOAD) continue;
      image_begin_ = std::min<std::uintptr_t>(image_begin_, base_ + segment.p_vaddr);
      image_end_ = std::max<std::uintptr_t>(image_end_, base_ + segment.p_vaddr + segment.p_memsz);
    }
  });
  std::ifstream stream(path_, std::ios::binary);
  read_symbol_table({std::istreambuf_iterator<char>(stream), {}});
}

void Symbols::read_symbol_table(const std::vector<unsigned char>& file) {
  if (file.size() < sizeof(Elf64_Ehdr)) return;
  const auto header = at<Elf64_Ehdr>(file, 0);
  const auto section = [&](std::size_t index) {
    return at<Elf64_Shdr>(file, header.e_shoff + index * header.e_shentsize);
  };
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr table = section(i);
    if (table.sh_type != SHT_SYMTAB) continue;
    const Elf64_Shdr names = section(table.sh_link);
    for (std::size_t offset = 0; offset < table.sh_size; offset += sizeof(Elf64_Sym)) {
      const auto symbol = at<Elf64_Sym>(file, table.sh_offset + offset);
      const auto* name = reinterpret_cast<const char*>(file.data() + names.sh_offset + symbol.st_name);
      const unsigned type = ELF64_ST_TYPE(symbol.st_info);
      if (symbol.st_size == 0 || symbol.st_shndx == SHN_UNDEF) continue;
      if (type == STT_FUNC) functions_.push_back({name, base_ + symbol.st_value, symbol.st_size, false});
      if (type == STT_TLS)
        thread_local_objects_.push_back(
            {demangle(name), symbol.st_value, symbol.st_size, std::strncmp(name, "_ZZ", 3) == 0});
    }
  }
  const auto by_begin = [](const Symbol& a, const Symbol& b) { return a.begin < b.begin; };
  std::sort(functions_.begin(), functions_.end(), by_begin);
  std::sort(thread_local_objects_.begin(), thread_local_objects_.end(), by_begin);
}

std::string Symbols::function_at(std::uintptr_t address) const {
  const auto after =
      std::upper_bound(functions_.begin(), functions_.end(), address,
                       [](std::uintptr_t a, const Symbol& symbol) { return a < symbol.begin; });
  if (after == functions_.begin() || address >= std::prev(after)->begin + std::prev(after)->size) return "?";
  return demangle(std::prev(after)->name.c_str());
}

std::string Symbols::kernel_at(std::uintptr_t address) const {
  constexpr std::string_view anonymous = "(anonymous namespace)::";
  std::string name = function_at(address);
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name.compare(i, anonymous.size(), anonymous) == 0) i += anonymous.size() - 1;
    depth += (name[i] == '<') - (name[i] == '>');
    if (depth == 0 && (name[i] == ':' || name[i] == ' ')) begin = i + 1;
    if (depth == 0 && name[i] == '(') return name.substr(begin, i - begin);
  }
  return name;
}

std::string Symbols::op_at(std::uintptr_t address) const {
  constexpr std::string_view project = "attune::";
  const std::string name = function_at(address);
  const std::size_t begin = name.find(project), end = name.find("::", begin + project.size());
  if (begin > std::string_view("void ").size() || end == std::string::npos) return {};
  return name.substr(begin + project.size(), end - begin - project.size());
}

std::string Symbols::describe_code(std::uint32_t code) const {
  std::ostringstream text;
  text << "addr2line -Cfie " << path_ << " 0x" << std::hex << code - 1;  // the call before the return address
  return text.str();
}

Symbols::Segment Symbols::thread_local_segment() {
  Segment segment;
  visit_executable([&segment](const dl_phdr_info& info) {
    for (int i = 0; i < info.dlpi_phnum; ++i)
      if (info.dlpi_phdr[i].p_type == PT_TLS)
        segment = {static_cast<unsigned char*>(info.dlpi_tls_data), info.dlpi_phdr[i].p_memsz};
  });
  return segment;
}

}  // namespace cuda_on_host
