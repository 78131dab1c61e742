// Draw: a task an image; keys come in vectors, and a heap of the K smallest (key, pixel) seen so far rejects
// nearly every later one with one comparison. Scatter: a task an image; its rows sorted by (pixel, row) meet
// their equals.
#include "kernels/patch_sample/patch_sample.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/patch_sample/patch_sample_cpu.cpp"
#include "hwy/foreach_target.h"  // before highway.h
#include "hwy/highway.h"

#include "core/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attune::patch_sample::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using attune::HWY_NAMESPACE::lanes;
using attune::HWY_NAMESPACE::load;
using attune::HWY_NAMESPACE::load_n;
using attune::HWY_NAMESPACE::store;
using attune::HWY_NAMESPACE::store_n;
using attune::HWY_NAMESPACE::V32;
using U32 = hn::ScalableTag<std::uint32_t>;
using U64 = hn::Repartition<std::uint64_t, U32>;
using VU32 = hn::Vec<U32>;

// Both halves of the 64-bit products of all lanes with `factor`.
HWY_INLINE void multiply(VU32 a, std::uint32_t factor, VU32& high, VU32& low) {
  const U32 u32;
  const U64 u64;
  const VU32 b = hn::Set(u32, factor);
  const auto even = hn::MulEven(a, b);
  const auto odd = hn::MulEven(hn::BitCast(u32, hn::ShiftRight<32>(hn::BitCast(u64, a))), b);
  high = hn::OddEven(hn::BitCast(u32, odd), hn::BitCast(u32, hn::ShiftRight<32>(even)));
  low = hn::OddEven(hn::BitCast(u32, hn::ShiftLeft<32>(odd)), hn::BitCast(u32, even));
}

// Word 0 of Philox 4x32-10 (core/philox.h) for the lanes' pixels; the other counter words are the same in all
// lanes.
HWY_INLINE VU32 keys(std::uint64_t seed, VU32 pixel, std::uint32_t image, std::uint32_t step,
                     std::uint32_t stream) {
  const U32 u32;
  auto key0 = static_cast<std::uint32_t>(seed), key1 = static_cast<std::uint32_t>(seed >> 32);
  VU32 c0 = pixel, c1 = hn::Set(u32, image), c2 = hn::Set(u32, step), c3 = hn::Set(u32, stream);
  for (int round = 0; round < 10; ++round) {
    VU32 high0, low0, high1, low1;
    multiply(c0, 0xD2511F53u, high0, low0);
    multiply(c2, 0xCD9E8D57u, high1, low1);
    c0 = hn::Xor(hn::Xor(high1, c1), hn::Set(u32, key0));
    c1 = low1;
    c2 = hn::Xor(hn::Xor(high0, c3), hn::Set(u32, key1));
    c3 = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return c0;
}

// The `capacity` smallest items seen, in a max-heap on the caller's memory.
class Smallest {
 public:
  Smallest(std::uint64_t* items, std::int64_t capacity) : items_(items), capacity_(capacity) {}

  void offer(std::uint64_t item) {
    if (size_ == capacity_) {
      if (capacity_ == 0 || item > items_[0]) return;
      std::pop_heap(items_, items_ + size_--);
    }
    items_[size_++] = item;
    std::push_heap(items_, items_ + size_);
  }
  void sort() { std::sort_heap(items_, items_ + size_); }
  std::int64_t size() const { return size_; }
  std::uint64_t operator[](std::int64_t i) const { return items_[i]; }

 private:
  std::uint64_t* items_;
  std::int64_t capacity_, size_ = 0;
};

void offer_pixels(const float* mask, std::int64_t pixels, std::uint32_t image, const Options& options,
                  Smallest& smallest) {
  const U32 u32;
  const bool foreground = options.region == Region::foreground;
  const auto stream = static_cast<std::uint32_t>(256 * options.level + options.set);
  const auto step = static_cast<std::int64_t>(lanes());
  HWY_ALIGN std::uint32_t key[HWY_MAX_BYTES / 4];
  for (std::int64_t first = 0; first < pixels; first += step) {
    hn::Store(
        keys(options.seed, hn::Iota(u32, static_cast<std::uint32_t>(first)), image, options.step, stream),
        u32, key);
    const std::int64_t end = std::min(first + step, pixels);
    for (std::int64_t p = first; p < end; ++p)
      if (foreground ? mask[p] >= 0.5f : mask[p] < 0.5f)
        smallest.offer(std::uint64_t{key[p - first]} << 32 | static_cast<std::uint64_t>(p));
  }
}

void draw_image(const float* mask, std::int64_t pixels, std::uint32_t image, const Options& options,
                std::uint64_t* items, std::int64_t samples, std::int32_t* indices, std::int32_t* count) {
  Smallest smallest(items, samples);
  offer_pixels(mask, pixels, image, options, smallest);
  smallest.sort();
  *count = static_cast<std::int32_t>(smallest.size());
  for (std::int64_t k = 0; k < samples; ++k)
    indices[k] = k < *count   ? static_cast<std::int32_t>(smallest[k] & 0xffffffffu)
                 : *count > 0 ? indices[k - *count]
                              : -1;
}

void draw(Context& context, const Draw& a, const Options& options) {
  const std::int64_t pixels = a.mask.shape[1] * a.mask.shape[2], samples = a.indices.shape[1];
  const auto* mask = a.mask.as<float>();
  auto* indices = a.indices.as<std::int32_t>();
  auto* count = a.count.as<std::int32_t>();
  auto* items =
      static_cast<std::uint64_t*>(context.workspace(cpu::workspace_bytes(a.mask.shape[0], samples)));
  parallel_for(context.threads(), a.mask.shape[0], [&](std::int64_t image) HWY_ATTR {
    draw_image(mask + image * pixels, pixels, static_cast<std::uint32_t>(options.first_image + image),
               options, items + image * samples, samples, indices + image * samples, count + image);
  });
}

// dx[c] (+)= the sum of the rows dz[k, c] for the items' rows k, in their order.
template <class T>
HWY_INLINE void add_rows(const T* dz, const std::uint64_t* begin, const std::uint64_t* end,
                         std::int64_t channels, bool accumulate, T* dx) {
  const auto step = static_cast<std::int64_t>(lanes());
  for (std::int64_t c = 0; c < channels; c += step) {
    const auto n = static_cast<std::size_t>(std::min(step, channels - c));
    const auto read = [n](const T* p) HWY_ATTR { return n == lanes() ? load(p) : load_n(p, n); };
    V32 sum = read(dz + static_cast<std::int64_t>(*begin & 0xffffffffu) * channels + c);
    for (const std::uint64_t* item = begin + 1; item != end; ++item)
      sum = hn::Add(sum, read(dz + static_cast<std::int64_t>(*item & 0xffffffffu) * channels + c));
    if (accumulate) sum = hn::Add(read(dx + c), sum);
    n == lanes() ? store(sum, dx + c) : store_n(sum, dx + c, n);
  }
}

template <class T>
void scatter_image(const T* dz, const std::int32_t* indices, std::int64_t rows, std::int64_t channels,
                   bool accumulate, std::uint64_t* items, T* dx) {
  std::uint64_t* end = items;
  for (std::int64_t k = 0; k < rows; ++k)
    if (indices[k] >= 0)
      *end++ = static_cast<std::uint64_t>(indices[k]) << 32 | static_cast<std::uint64_t>(k);
  std::sort(items, end);
  for (std::uint64_t* begin = items; begin != end;) {
    const std::uint64_t pixel = *begin >> 32;
    std::uint64_t* next = begin + 1;
    while (next != end && *next >> 32 == pixel) ++next;
    add_rows(dz, begin, next, channels, accumulate, dx + static_cast<std::int64_t>(pixel) * channels);
    begin = next;
  }
}

template <class T>
void scatter(Context& context, const Scatter& a) {
  const std::int64_t images = a.dx.shape[0], pixels = a.dx.shape[1] * a.dx.shape[2], channels = a.dx.shape[3];
  const std::int64_t samples = a.indices.shape[1];
  auto* items = static_cast<std::uint64_t*>(context.workspace(cpu::workspace_bytes(images, samples)));
  const auto* count = a.count.empty() ? nullptr : a.count.as<std::int32_t>();
  parallel_for(context.threads(), images, [&](std::int64_t image) HWY_ATTR {
    scatter_image(a.dz.as<T>() + image * samples * channels, a.indices.as<std::int32_t>() + image * samples,
                  count ? count[image] : samples, channels, a.dx_mode == GradientMode::accumulate,
                  items + image * samples, a.dx.as<T>() + image * pixels * channels);
  });
}

void scatter_any(Context& context, const Scatter& a) {
  a.dz.dtype == DType::f32 ? scatter<float>(context, a) : scatter<bfloat16>(context, a);
}

}  // namespace attune::patch_sample::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attune::patch_sample::cpu {

HWY_EXPORT(draw);
HWY_EXPORT(scatter_any);

namespace {

constexpr std::int64_t zero_run = 1 << 18;  // bytes a task: far above what starting a task costs

void require_storage(DType dtype) {
  require(dtype != DType::f64, ErrorKind::unsupported, "patch_sample works on f32 or bf16, not f64");
}

void zero(Context& context, TensorView view) {
  const std::int64_t bytes = view.bytes();
  parallel_for(context.threads(), (bytes + zero_run - 1) / zero_run, [&](std::int64_t task) {
    const std::int64_t begin = task * zero_run, end = std::min(begin + zero_run, bytes);
    std::memset(static_cast<char*>(view.data) + begin, 0, static_cast<std::size_t>(end - begin));
  });
}

}  // namespace

void draw(Context& context, const Draw& a, const Options& options) {
  require_storage(a.mask.dtype);
  HWY_DYNAMIC_DISPATCH(draw)(context, a, options);
}

// Copies bits, so that one loop over bytes serves every dtype.
void gather(Context& context, const Gather& a) {
  require_storage(a.x.dtype);
  const std::int64_t pixels = a.x.shape[1] * a.x.shape[2], samples = a.indices.shape[1];
  const std::int64_t row = a.x.shape[3] * size_of(a.x.dtype);
  const auto* indices = a.indices.as<std::int32_t>();
  const auto* x = static_cast<const char*>(a.x.data);
  auto* z = static_cast<char*>(a.z.data);
  parallel_for(context.threads(), a.indices.elements(), [&](std::int64_t k) {
    const std::int64_t pixel = indices[k];
    if (pixel >= 0)
      std::memcpy(z + k * row, x + (k / samples * pixels + pixel) * row, static_cast<std::size_t>(row));
    else
      std::memset(z + k * row, 0, static_cast<std::size_t>(row));
  });
}

void scatter(Context& context, const Scatter& a) {
  require_storage(a.dx.dtype);
  if (a.dx_mode == GradientMode::overwrite) zero(context, a.dx);
  HWY_DYNAMIC_DISPATCH(scatter_any)(context, a);
}

std::int64_t workspace_bytes(std::int64_t images, std::int64_t samples) {
  return checked_multiply(checked_multiply(images, samples),
                          8);  // an item (key or pixel, pixel or row) a row
}

}  // namespace attune::patch_sample::cpu
#endif
