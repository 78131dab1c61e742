// Shadow memory: for each 4-byte word of an allocation, which bytes were ever written, who wrote last and who read
// since. From it follow races and reads of unwritten memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace cuda_on_host {

// One access of one thread. Blocks are numbered through all launches of the process, from 1.
struct Access {
  std::uint32_t block = 0;       // 0: no access
  std::uint32_t barriers = 0;    // block barriers that the thread had passed
  std::uint32_t warp_clock = 0;  // its own entry of its warp's vector clock
  std::uint32_t code = 0;        // the instruction, as an offset in the executable
  std::uint16_t thread = 0;
  std::uint8_t bytes = 0;  // which of the word's
  bool atomic = false;
};

struct BlockRange {
  std::uint32_t first, end;
  bool holds(std::uint32_t block) const { return block >= first && block < end; }
};

// What a thread knows of the others when it accesses memory.
struct Order {
  std::uint32_t launch_first_block = 0;
  std::uint32_t first_unordered_block = 0;             // earlier ones are all over before
  const std::vector<BlockRange>* unordered = nullptr;  // of other launches
  const std::uint32_t* warp_clocks = nullptr;  // of its warp's 32 lanes, as of the last __syncwarp with each
};

struct Conflict {
  enum class Kind { race, unwritten } kind;
  Access other;
  bool other_wrote = false;
  std::size_t offset = 0;  // of the word
};

class Shadow {
 public:
  enum class Scope { shared, global };

  Shadow(Scope scope, std::size_t bytes);

  // Notes an access and returns what is wrong with it, if anything. `access.bytes` is filled in here.
  std::optional<Conflict> read(std::size_t offset, std::size_t bytes, Access access, const Order& order);
  std::optional<Conflict> write(std::size_t offset, std::size_t bytes, Access access, const Order& order);

  // A copy's, which may read what nobody has written, and hands on what it knows of that.
  std::optional<Conflict> copy_from(std::size_t offset, std::size_t bytes, Access access, const Order& order);
  void copy_written(std::size_t offset, const Shadow& source, std::size_t source_offset, std::size_t bytes);
  // The first word with a byte that nobody has written.
  std::optional<std::size_t> first_unwritten(std::size_t offset, std::size_t bytes);

 private:
  // The last thread that read it in an earlier block of the launch: no barrier orders what a later block writes.
  struct Elsewhere {
    std::uint32_t block = 0, code = 0;
    std::uint16_t thread = 0;
    std::uint8_t bytes = 0;
    bool atomic = false;

    explicit Elsewhere(const Access& a)
        : block(a.block), code(a.code), thread(a.thread), bytes(a.bytes), atomic(a.atomic) {}
    Access access() const { return {block, 0, 0, code, thread, bytes, atomic}; }
  };
  struct Word {
    Access writer, readers[2];
    Elsewhere elsewhere;
    std::uint32_t written_in = 0;  // shared scope: the block whose bytes `written` tells of
    std::uint8_t written = 0;
  };

  template <class Visit>
  std::optional<Conflict> visit(std::size_t offset, std::size_t bytes, Access access, const Visit& each_word);
  bool conflicts(const Access& before, const Access& now, const Order& order) const;
  std::optional<Conflict> read_word(Word& word, const Access& now, const Order& order) const;
  void remember_reader(Word& word, const Access& access) const;

  struct Free {
    void operator()(void* data) const;
  };
  Scope scope_;
  std::unique_ptr<Word[], Free> words_;
};

}  // namespace cuda_on_host
