// What the executable's own symbol table tells: the names of kernels, and every __shared__ object with its size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cuda_on_host {

struct Symbol {
  std::string name;  // demangled
  std::uintptr_t begin =
      0;  // functions: an address; thread-local objects: an offset into the thread's segment
  std::size_t size = 0;
  bool block_scope = false;  // declared within a function
};

class Symbols {
 public:
  static const Symbols& of_executable();

  const std::vector<Symbol>& thread_local_objects() const {
    return thread_local_objects_;
  }  // sorted by begin
  std::string function_at(std::uintptr_t address) const;
  // The kernel's own name: its template arguments, but neither namespaces nor parameters.
  std::string kernel_at(std::uintptr_t address) const;
  // The namespace within attune's: the op that a kernel belongs to. Empty for other code.
  std::string op_at(std::uintptr_t address) const;
  // The command that prints the source line; `code` is an offset into the executable.
  std::string describe_code(std::uint32_t code) const;
  std::uint32_t code_offset(const void* address) const {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(address) - base_);
  }

  // The executable's image in memory: code, constants and static objects.
  bool in_image(std::uintptr_t address) const { return address >= image_begin_ && address < image_end_; }

  // The calling thread's segment of thread-local objects.
  struct Segment {
    unsigned char* begin = nullptr;
    std::size_t size = 0;
  };
  static Segment thread_local_segment();

 private:
  Symbols();
  void read_symbol_table(const std::vector<unsigned char>& file);

  std::string path_;
  std::uintptr_t base_ = 0, image_begin_ = 0, image_end_ = 0;
  std::vector<Symbol> functions_, thread_local_objects_;
};

}  // namespace cuda_on_host
