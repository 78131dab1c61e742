// The calls that -fsanitize=thread puts before each memory access of a kernel, and what -fsanitize=undefined reports.
// ThreadSanitizer's own runtime is not linked: these are the definitions.
#include <string>

#include "runtime.h"

using cuda_on_host::AccessKind;
using cuda_on_host::observe;

#define CODE(alignment) \
  { __builtin_return_address(0), alignment }
// The compiler knows these names with its own types, hence the labels.
#define HOOK(name, parameters)               \
  void name parameters asm("__tsan_" #name); \
  void name parameters

extern "C" {

HOOK(init, ()) {}
HOOK(func_entry, (void*)) {}
HOOK(func_exit, ()) {}
HOOK(vptr_update, (void**, void*)) {}
HOOK(vptr_read, (void**)) {}

HOOK(read1, (void* p)) { observe(p, 1, AccessKind::read, CODE(1)); }
HOOK(read2, (void* p)) { observe(p, 2, AccessKind::read, CODE(2)); }
HOOK(read4, (void* p)) { observe(p, 4, AccessKind::read, CODE(4)); }
HOOK(read8, (void* p)) { observe(p, 8, AccessKind::read, CODE(8)); }
HOOK(read16, (void* p)) { observe(p, 16, AccessKind::read, CODE(16)); }
HOOK(write1, (void* p)) { observe(p, 1, AccessKind::write, CODE(1)); }
HOOK(write2, (void* p)) { observe(p, 2, AccessKind::write, CODE(2)); }
HOOK(write4, (void* p)) { observe(p, 4, AccessKind::write, CODE(4)); }
HOOK(write8, (void* p)) { observe(p, 8, AccessKind::write, CODE(8)); }
HOOK(write16, (void* p)) { observe(p, 16, AccessKind::write, CODE(16)); }
HOOK(unaligned_read2, (void* p)) { observe(p, 2, AccessKind::read, CODE(1)); }
HOOK(unaligned_read4, (void* p)) { observe(p, 4, AccessKind::read, CODE(1)); }
HOOK(unaligned_read8, (void* p)) { observe(p, 8, AccessKind::read, CODE(1)); }
HOOK(unaligned_read16, (void* p)) { observe(p, 16, AccessKind::read, CODE(1)); }
HOOK(unaligned_write2, (void* p)) { observe(p, 2, AccessKind::write, CODE(1)); }
HOOK(unaligned_write4, (void* p)) { observe(p, 4, AccessKind::write, CODE(1)); }
HOOK(unaligned_write8, (void* p)) { observe(p, 8, AccessKind::write, CODE(1)); }
HOOK(unaligned_write16, (void* p)) { observe(p, 16, AccessKind::write, CODE(1)); }
HOOK(read_range, (void* p, std::size_t bytes)) { observe(p, bytes, AccessKind::read, CODE(1)); }
HOOK(write_range, (void* p, std::size_t bytes)) { observe(p, bytes, AccessKind::write, CODE(1)); }

// Host code beside the kernels: the reference counts of shared pointers, the guards of static objects.
int fetch_add(volatile int* p, int value, int) asm("__tsan_atomic32_fetch_add");
int fetch_add(volatile int* p, int value, int) { return __atomic_fetch_add(p, value, __ATOMIC_ACQ_REL); }
char load(const volatile char* p, int) asm("__tsan_atomic8_load");
char load(const volatile char* p, int) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the sanitizer's names
void __ubsan_get_current_report_data(const char** kind, const char** message, const char** file,
                                     unsigned* line, unsigned* column, char** address);
// Called by the sanitizer for each report; the kernel is stopped before its next memory access.
void __ubsan_on_report() {
  const char *kind = "", *message = "", *file = "";
  unsigned line = 0, column = 0;
  char* address = nullptr;
  __ubsan_get_current_report_data(&kind, &message, &file, &line, &column, &address);
  cuda_on_host::observe_undefined_behaviour(std::string("undefined behaviour: ") + message + " at " + file +
                                            ":" + std::to_string(line));
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

}  // extern "C"
