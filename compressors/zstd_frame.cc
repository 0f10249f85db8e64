// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <new>
#include <string>

#include <zstd.h>

#include <pith/compressors/zstd_frame.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {
namespace {

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

template <class Context>
Context* kept(std::unique_ptr<Context, Free>& context, Context* (*create)()) {
  if (!context) context.reset(create());
  if (!context) throw std::bad_alloc();
  return context.get();
}

ZSTD_CCtx* writing() {
  thread_local std::unique_ptr<ZSTD_CCtx, Free> context;
  return kept(context, ZSTD_createCCtx);
}

ZSTD_DCtx* reading() {
  thread_local std::unique_ptr<ZSTD_DCtx, Free> context;
  return kept(context, ZSTD_createDCtx);
}

// libzstd would also read frames of old formats, whose code is not hardened, skippable frames, and
// several frames as one.
void check_frame(std::span<const std::byte> frame, std::size_t raw) {
  const bool current =
      frame.size() >= sizeof(std::uint32_t) && load<std::uint32_t>(frame, 0) == ZSTD_MAGICNUMBER;
  if (!current || ZSTD_getFrameContentSize(frame.data(), frame.size()) != raw) {
    throw WireError("zstd: not a frame of " + std::to_string(raw) + " bytes");
  }
  if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) {
    throw WireError("zstd: not one frame of " + std::to_string(frame.size()) + " bytes");
  }
}

}  // namespace

std::size_t write_frame(std::span<const std::byte> raw, int level, std::span<std::byte> frame) {
  const std::size_t bytes =
      ZSTD_compressCCtx(writing(), frame.data(), frame.size(), raw.data(), raw.size(), level);
  return ZSTD_isError(bytes) != 0 ? 0 : bytes;
}

std::span<const std::byte> read_frame(std::span<const std::byte> frame, std::size_t raw,
                                      Scratch& scratch) {
  check_frame(frame, raw);
  const auto out = scratch.take<std::byte>(raw);
  const std::size_t bytes =
      ZSTD_decompressDCtx(reading(), out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(bytes) != 0) throw WireError(std::string("zstd: ") + ZSTD_getErrorName(bytes));
  if (bytes != raw) throw WireError("zstd: the frame ends early");
  return out;
}

}  // namespace pith
