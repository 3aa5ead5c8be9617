#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"
#include "codec/inflate.hpp"

namespace codec {
namespace {

using base::cat;
using base::Error;

// 128 MiB of window: what the zstd program itself accepts by default. More is a memory attack.
constexpr int largest_window_log = 27;
constexpr size_t frame_magic_size = 4;

class ZstdSource : public base::ByteSource {
 public:
  ZstdSource(std::unique_ptr<base::ByteSource> source, std::string what)
      : source_(std::move(source)), what_(std::move(what)), input_(ZSTD_DStreamInSize()) {
    context_.reset(ZSTD_createDCtx());
    if (!context_) throw Error("decompress zstd: out of memory");
    check(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, largest_window_log));
  }

  size_t read(std::span<char> buffer) override {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    while (out.pos == 0) {
      if (!inside_frame_ && !begin_frame()) return 0;
      if (in_.pos == in_.size && !read_more()) throw ends_too_early();
      // A return of 0 says that a frame is complete; the next one may follow.
      inside_frame_ = check(ZSTD_decompressStream(context_.get(), &out, &in_)) != 0;
    }
    return out.pos;
  }

 private:
  /// False at the end. The library itself reads frames of formats before RFC 8878, too, with code
  /// that nobody needs, and only when it happens to see the front of one at once.
  bool begin_frame() {
    while (in_.size - in_.pos < frame_magic_size && read_more()) {}
    const std::string_view front{input_.data() + in_.pos, in_.size - in_.pos};
    if (front.empty()) return false;
    if (front.size() < frame_magic_size) throw ends_too_early();
    if (compression_of(front) != Compression::zstd) {
      throw Error(cat(what_, ": corrupt zstd data: something else follows a frame"));
    }
    inside_frame_ = true;
    return true;
  }

  /// Appends to what is left of the input; false when there is no more.
  bool read_more() {
    base::throw_if_cancelled();
    const size_t left = in_.size - in_.pos;
    std::copy_n(input_.begin() + static_cast<std::ptrdiff_t>(in_.pos), left, input_.begin());
    const size_t count = source_->read(std::span(input_).subspan(left));
    in_ = {input_.data(), left + count, 0};
    return count > 0;
  }

  Error ends_too_early() const { return Error(cat(what_, ": zstd data ends too early")); }

  size_t check(size_t result) const {
    if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge) {
      throw Error(cat(what_,
                      ": zstd data needs more memory than the limit of 128 MiB; compress it ",
                      "with --long=", largest_window_log, " or less"));
    }
    if (ZSTD_isError(result) != 0U) {
      throw Error(cat(what_, ": corrupt zstd data: ", ZSTD_getErrorName(result)));
    }
    return result;
  }

  std::unique_ptr<base::ByteSource> source_;
  std::string what_;
  std::vector<char> input_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  base::Handle<ZSTD_DCtx, ZSTD_freeDCtx> context_;
  bool inside_frame_ = false;
};

}  // namespace

std::unique_ptr<base::ByteSource> unzstd(std::unique_ptr<base::ByteSource> source,
                                         std::string what) {
  return std::make_unique<ZstdSource>(std::move(source), std::move(what));
}

}  // namespace codec
