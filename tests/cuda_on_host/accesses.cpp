// What becomes of each access of a kernel: where it lies, whether it is aligned, and what the shadow says of it.
#include <algorithm>
#include <iterator>
#include <sstream>

#include "launch_run.h"

namespace cuda_on_host {

namespace {

constexpr const char* dynamic_shared_name = "attune::cuda::dynamic_shared_memory";

std::string short_name(const Symbol& symbol) {
  const std::size_t colons = symbol.name.rfind("::");
  return colons == std::string::npos ? symbol.name : symbol.name.substr(colons + 2);
}

}  // namespace

bool LaunchRun::fault(const std::string& what) {
  report_fault(what);
  stopped_ = true;
  return false;
}

std::string LaunchRun::place(const Thread& thread) const {
  return ", in " + name_ + ", block " + std::to_string(block_ - first_block_) + ", thread " +
         std::to_string(thread.index);
}

const Symbol* LaunchRun::shared_object(std::size_t offset, std::size_t bytes) const {
  const std::vector<Symbol>& objects = symbols_.thread_local_objects();
  const auto after = std::upper_bound(objects.begin(), objects.end(), offset,
                                      [](std::size_t o, const Symbol& symbol) { return o < symbol.begin; });
  if (after == objects.begin()) return nullptr;
  const Symbol& object = *std::prev(after);
  const bool dynamic = object.name == dynamic_shared_name;
  const std::size_t size = dynamic ? launch_.dynamic_shared_bytes : object.size;
  return (dynamic || object.block_scope) && offset + bytes <= object.begin + size ? &object : nullptr;
}

bool LaunchRun::fault_of(const Conflict& conflict, const Access& access, const Location& location) {
  std::ostringstream text;
  const bool race = conflict.kind == Conflict::Kind::race, same_block = conflict.other.block == block_;
  text << (race ? "race on " : "read of unwritten ") << location.object << " + "
       << conflict.offset - location.object_offset << " bytes ("
       << hexadecimal(location.base + conflict.offset) << ")" << place()
       << (location.written ? " writes it" : " reads it");
  if (race && conflict.other.block < first_block_) {
    text << describe_unordered(conflict);
  } else if (race) {
    text << ", and block " << conflict.other.block - first_block_ << ", thread " << conflict.other.thread
         << (conflict.other_wrote ? " wrote" : " read")
         << (same_block ? " it without a barrier between (" : " it in the same launch (")
         << symbols_.describe_code(conflict.other.code) << ")";
  }
  text << " (" << symbols_.describe_code(access.code) << ")";
  return fault(text.str());
}

void LaunchRun::observe(const void* address, std::size_t bytes, AccessKind kind, const Instruction& code) {
  const bool stopped_by_undefined_behaviour = stopped_;
  if (stopped_by_undefined_behaviour || !note(address, bytes, kind, code)) stop_here();
}

// False where the access is a fault, which is then reported.
bool LaunchRun::note(const void* address, std::size_t bytes, AccessKind kind, const Instruction& code) {
  const Thread& thread = *current_;
  if (current_fiber().owns(address)) return true;
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  const bool writes = kind == AccessKind::write;

  Access access;
  access.block = block_;
  access.barriers = thread.barriers;
  access.warp_clock = thread.clocks[thread.lane()];
  access.code = symbols_.code_offset(code.address);
  access.thread = static_cast<std::uint16_t>(thread.index);
  access.atomic = code.atomic;
  const Order order{first_block_, first_unordered_block_, &unordered_, thread.clocks.data()};
  const auto conflict_in = [&](Shadow& shadow, std::size_t offset) {
    return writes ? shadow.write(offset, bytes, access, order) : shadow.read(offset, bytes, access, order);
  };
  const auto misplaced = [&](const std::string& what) {
    return fault(what + place() + (writes ? " writes (" : " reads (") + symbols_.describe_code(access.code) +
                 ")");
  };
  if (number % code.alignment != 0)
    return misplaced("misaligned: " + std::to_string(bytes) + " bytes at " + hexadecimal(address));

  const auto segment = reinterpret_cast<std::uintptr_t>(segment_.begin);
  if (number - segment < segment_.size) {
    const Symbol* object = shared_object(number - segment, bytes);
    if (!object)
      return misplaced(std::to_string(bytes) + " bytes at " + hexadecimal(address) +
                       ", outside every __shared__ object");
    const auto conflict = conflict_in(shared_shadow_, number - segment);
    return !conflict || fault_of(*conflict, access,
                                 {"shared " + short_name(*object), segment_.begin, object->begin, writes});
  }
  if (!last_allocation_ || !last_allocation_->holds(address, bytes))
    last_allocation_ = find_allocation(address, bytes);
  if (last_allocation_) {
    const auto conflict = conflict_in(last_allocation_->shadow, last_allocation_->offset_of(address));
    return !conflict ||
           fault_of(*conflict, access,
                    {"global memory, an allocation of " + std::to_string(last_allocation_->bytes) + " bytes,",
                     last_allocation_->data, 0, writes});
  }
  const auto values = reinterpret_cast<std::uintptr_t>(launch_.arguments.values.get());
  const bool is_argument = number >= values && number + bytes <= values + launch_.arguments.bytes;
  // Parameters, built-in variables and constants.
  if (!writes && (is_argument || symbols_.in_image(number))) return true;
  return misplaced("out of bounds: " + describe_device_address(address, bytes));
}

void observe(const void* address, std::size_t bytes, AccessKind kind, const Instruction& code) {
  LaunchRun* run = machine().running;
  if (run && run->in_kernel()) run->observe(address, bytes, kind, code);
}

void observe_undefined_behaviour(const std::string& what) {
  LaunchRun* run = machine().running;
  if (run && run->in_kernel()) {
    run->fault(what + run->place());
  } else {
    report_fault(what);
  }
}

template <class T>
T atomic(Atomic operation, T* address, T value, T expected) {
  LaunchRun& run = *machine().running;
  const Instruction code{__builtin_return_address(0), alignof(T), true};
  run.observe(address, sizeof(T), AccessKind::read, code);
  run.observe(address, sizeof(T), AccessKind::write, code);
  const T before = *address;
  switch (operation) {
    case Atomic::add:
      *address = static_cast<T>(before + value);
      break;
    case Atomic::minimum:
      *address = std::min(before, value);
      break;
    case Atomic::maximum:
      *address = std::max(before, value);
      break;
    case Atomic::bit_and:
      *address = before & value;
      break;
    case Atomic::bit_or:
      *address = before | value;
      break;
    case Atomic::exchange:
      *address = value;
      break;
    case Atomic::compare_and_swap:
      *address = before == expected ? value : before;
      break;
  }
  return before;
}
template int atomic(Atomic, int*, int, int);
template unsigned atomic(Atomic, unsigned*, unsigned, unsigned);
template unsigned long long atomic(Atomic, unsigned long long*, unsigned long long, unsigned long long);

}  // namespace cuda_on_host
