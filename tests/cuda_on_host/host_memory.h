// Pinned host memory: what pending copies read or will write is watched, for the host must leave it alone until then.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace cuda_on_host {

bool is_pinned(const void* data, std::size_t bytes);

// From the call of an asynchronous copy until it runs. The target's bytes are poisoned meanwhile, so that a result that
// is read too early is NaN.
class PinnedUse {
 public:
  enum class Role { source, target };

  PinnedUse(unsigned char* data, std::size_t bytes, Role role);
  ~PinnedUse();
  PinnedUse(const PinnedUse&) = delete;
  PinnedUse& operator=(const PinnedUse&) = delete;

  // Reports what the host changed since.
  void check() const;

 private:
  bool overlaps(const PinnedUse& other) const;

  unsigned char* data_;
  std::size_t bytes_;
  Role role_;
  std::vector<unsigned char> expected_;  // empty where an earlier pending copy uses the same bytes
};

// Null where `data` is not pinned.
std::shared_ptr<const PinnedUse> watch_pinned(const void* data, std::size_t bytes, PinnedUse::Role role);

}  // namespace cuda_on_host
