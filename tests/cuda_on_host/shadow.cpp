#include "shadow.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace cuda_on_host {

// Zero pages from calloc cost nothing until they are touched; a Word of zero bytes is one nobody accessed.
Shadow::Shadow(Scope scope, std::size_t bytes)
    : scope_(scope), words_(static_cast<Word*>(std::calloc(bytes / 4 + 1, sizeof(Word)))) {
  if (!words_) throw std::bad_alloc();
}

void Shadow::Free::operator()(void* data) const { std::free(data); }

template <class Visit>
std::optional<Conflict> Shadow::visit(std::size_t offset, std::size_t bytes, Access access,
                                      const Visit& each_word) {
  for (std::size_t at = offset; at < offset + bytes;) {
    const std::size_t index = at / 4, end = std::min(offset + bytes, 4 * index + 4);
    access.bytes = static_cast<std::uint8_t>((1u << (end - 4 * index)) - (1u << (at - 4 * index)));
    std::optional<Conflict> conflict = each_word(words_[index], access);
    if (conflict) {
      conflict->offset = 4 * index;
      return conflict;
    }
    at = end;
  }
  return std::nullopt;
}

// Whether `before` and `now`, of which one writes, are unordered: no launch, block barrier or __syncwarp lies between.
bool Shadow::conflicts(const Access& before, const Access& now, const Order& order) const {
  if (before.block < order.first_unordered_block || (before.bytes & now.bytes) == 0) return false;
  if (before.atomic && now.atomic) return false;
  if (before.block < order.launch_first_block)
    return std::any_of(order.unordered->begin(), order.unordered->end(),
                       [&](const BlockRange& range) { return range.holds(before.block); });
  if (before.block != now.block) return scope_ == Scope::global;
  if (before.thread == now.thread || before.barriers != now.barriers) return false;
  const bool same_warp = before.thread / 32 == now.thread / 32;
  return !same_warp || order.warp_clocks[before.thread % 32] < before.warp_clock;
}

std::optional<Conflict> Shadow::read_word(Word& word, const Access& now, const Order& order) const {
  if (conflicts(word.writer, now, order)) return Conflict{Conflict::Kind::race, word.writer, true};
  remember_reader(word, now);
  return std::nullopt;
}

std::optional<Conflict> Shadow::read(std::size_t offset, std::size_t bytes, Access access,
                                     const Order& order) {
  return visit(offset, bytes, access, [&](Word& word, const Access& now) -> std::optional<Conflict> {
    const bool stale = scope_ == Scope::shared && word.written_in != now.block;
    if (stale || (word.written & now.bytes) != now.bytes) return Conflict{Conflict::Kind::unwritten, {}};
    return read_word(word, now, order);
  });
}

std::optional<Conflict> Shadow::copy_from(std::size_t offset, std::size_t bytes, Access access,
                                          const Order& order) {
  return visit(offset, bytes, access,
               [&](Word& word, const Access& now) { return read_word(word, now, order); });
}

std::optional<Conflict> Shadow::write(std::size_t offset, std::size_t bytes, Access access,
                                      const Order& order) {
  return visit(offset, bytes, access, [&](Word& word, const Access& now) -> std::optional<Conflict> {
    if (conflicts(word.writer, now, order)) return Conflict{Conflict::Kind::race, word.writer, true};
    for (const Access& reader : word.readers)
      if (conflicts(reader, now, order)) return Conflict{Conflict::Kind::race, reader, false};
    if (scope_ == Scope::global && word.elsewhere.block >= order.first_unordered_block) {
      const Access reader = word.elsewhere.access();
      if (conflicts(reader, now, order)) return Conflict{Conflict::Kind::race, reader, false};
    }
    if (scope_ == Scope::shared && word.written_in != now.block) word.written = 0;
    word.written_in = now.block;
    word.written = static_cast<std::uint8_t>(word.written | now.bytes);
    word.writer = now;
    return std::nullopt;
  });
}

// Two readers of a block suffice: the last one, and the last of another warp, or where there is none of another thread.
// Any later writer then differs from one of them, and from one of another warp if there was any.
void Shadow::remember_reader(Word& word, const Access& access) const {
  Access& last = word.readers[0];
  Access& other = word.readers[1];
  const bool last_counts = last.block == access.block && last.barriers == access.barriers;
  const bool other_counts = other.block == access.block && other.barriers == access.barriers;
  if (last_counts && last.thread != access.thread) {
    const bool keeps_other_warp = other_counts && other.thread / 32 != access.thread / 32;
    if (last.thread / 32 != access.thread / 32 || !keeps_other_warp) other = last;
  }
  if (last.block != access.block) word.elsewhere = Elsewhere(last);
  last = access;
}

std::optional<std::size_t> Shadow::first_unwritten(std::size_t offset, std::size_t bytes) {
  const auto conflict = visit(offset, bytes, Access{}, [](Word& word, const Access& now) {
    const bool whole = (word.written & now.bytes) == now.bytes;
    return whole ? std::nullopt : std::optional<Conflict>({Conflict::Kind::unwritten, {}});
  });
  return conflict ? std::optional(conflict->offset) : std::nullopt;
}

void Shadow::copy_written(std::size_t offset, const Shadow& source, std::size_t source_offset,
                          std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::size_t from = source_offset + i, to = offset + i;
    const bool written = (source.words_[from / 4].written >> from % 4) & 1;
    std::uint8_t& flags = words_[to / 4].written;
    const unsigned cleared = flags & ~(1u << to % 4);
    flags = static_cast<std::uint8_t>(cleared | (written ? 1u : 0u) << to % 4);
  }
}

}  // namespace cuda_on_host
