#include "codec/inflate.hpp"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"
#include "codec/deflate.hpp"

namespace codec {
namespace {

using base::cat;
using base::Error;

const char* explain(int result) {
  switch (result) {
    case ISAL_INCORRECT_CHECKSUM:
      return "checksum does not match";
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
      return "bad header";
    case ISAL_NEED_DICT:
      return "needs a dictionary";
    default:
      return "bad compressed data";
  }
}

/// How much input the library gets to see for so much output. The more it sees, the larger are the
/// tables that it builds for each block, which small objects never make good.
size_t enough_input(size_t output_size) {
  return output_size / 2 + 64;
}

constexpr size_t input_size = 128 * 1024;

/// Flags of a gzip header that have no meaning yet (RFC 1952 section 2.3.1.2).
constexpr uint32_t reserved_flags = 0xE0;

class GzipSource : public base::ByteSource {
 public:
  GzipSource(std::unique_ptr<base::ByteSource> source, std::string what)
      : source_(std::move(source)), what_(std::move(what)), input_(input_size) {
    start_member();
  }

  size_t read(std::span<char> buffer) override {
    while (!ended_) {
      if (state_.avail_in == 0 && state_.block_state != ISAL_BLOCK_FINISH) refill();
      if (in_header_) read_header();
      const size_t produced = in_header_ ? 0 : inflate(buffer);
      if (state_.block_state == ISAL_BLOCK_FINISH) next_member();
      if (produced > 0) return produced;
      if (!ended_ && state_.avail_in == 0 && source_ended_) {
        throw Error(cat(what_, ": gzip data ends too early"));
      }
    }
    return 0;
  }

 private:
  void start_member() {
    const auto* in = state_.next_in;
    const auto left = state_.avail_in;
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP_NO_HDR_VER;
    state_.next_in = const_cast<uint8_t*>(in);
    state_.avail_in = left;
    header_ = {};
    in_header_ = true;
  }

  // isal_inflate would begin the checksum of a header anew with each piece of it. `header_` has no
  // buffers, so extra field, name and comment are passed over.
  void read_header() {
    in_header_ = check(isal_read_gzip_header(&state_, &header_)) != ISAL_DECOMP_OK;
    if (!in_header_ && (header_.flags & reserved_flags) != 0) check(ISAL_INVALID_WRAPPER);
  }

  size_t inflate(std::span<char> buffer) {
    state_.next_out = reinterpret_cast<uint8_t*>(buffer.data());
    state_.avail_out = static_cast<uint32_t>(buffer.size());
    check(isal_inflate(&state_));
    return buffer.size() - state_.avail_out;
  }

  int check(int result) const {
    if (result < 0) throw Error(cat(what_, ": corrupt gzip data: ", explain(result)));
    return result;
  }

  void refill() {
    base::throw_if_cancelled();
    const size_t count = source_->read(input_);
    if (count == 0) source_ended_ = true;
    state_.next_in = reinterpret_cast<uint8_t*>(input_.data());
    state_.avail_in = static_cast<uint32_t>(count);
  }

  // Another member follows, or padding that belongs to nobody: that is read, so that a digest over
  // the compressed bytes covers it, and dropped.
  void next_member() {
    if (state_.avail_in > 0) std::memmove(input_.data(), state_.next_in, state_.avail_in);
    size_t have = state_.avail_in;
    while (have < magic_size) {
      const size_t count = source_->read(std::span(input_).subspan(have));
      if (count == 0) break;
      have += count;
    }
    state_.next_in = reinterpret_cast<uint8_t*>(input_.data());
    state_.avail_in = static_cast<uint32_t>(have);
    if (compression_of({input_.data(), have}) == Compression::gzip) {
      start_member();
    } else {
      base::drain(*source_);
      ended_ = true;
    }
  }

  std::unique_ptr<base::ByteSource> source_;
  std::string what_;
  std::vector<char> input_;
  inflate_state state_{};
  isal_gzip_header header_{};
  bool in_header_ = true;
  bool source_ended_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<base::ByteSource> gunzip(std::unique_ptr<base::ByteSource> source,
                                         std::string what) {
  return std::make_unique<GzipSource>(std::move(source), std::move(what));
}

// The library's own zlib mode may take bytes that follow the trailer, so header and trailer are
// read here and the library sees raw deflate data only.
struct ZlibInflater::Impl {
  enum class Stage { header, body, trailer };
  inflate_state state{};
  Stage stage = Stage::header;
  std::string frame;  ///< Bytes of the header or trailer so far.
  uint32_t adler = 1;
};

ZlibInflater::ZlibInflater() : impl_(std::make_unique<Impl>()) {
  reset();
}
ZlibInflater::~ZlibInflater() = default;

void ZlibInflater::reset() {
  isal_inflate_init(&impl_->state);
  impl_->state.crc_flag = ISAL_DEFLATE;
  impl_->stage = Impl::Stage::header;
  impl_->frame.clear();
  impl_->adler = 1;
}

ZlibInflater::Step ZlibInflater::inflate(std::string_view input, std::span<char> output) {
  Impl& self = *impl_;
  Step step;
  size_t at = 0;
  const auto frame_complete = [&](size_t size) {
    while (self.frame.size() < size && at < input.size()) self.frame += input[at++];
    return self.frame.size() == size;
  };
  if (self.stage == Impl::Stage::header && frame_complete(2)) {
    const unsigned first = static_cast<unsigned char>(self.frame[0]);
    const unsigned second = static_cast<unsigned char>(self.frame[1]);
    if ((first & 15U) != 8 || (first * 256 + second) % 31 != 0 || (second & 32U) != 0) {
      throw Error("corrupt zlib data: bad header");
    }
    self.frame.clear();
    self.stage = Impl::Stage::body;
  }
  std::ptrdiff_t given_back = 0;
  while (self.stage == Impl::Stage::body) {
    inflate_state& state = self.state;
    const std::span<char> room = output.subspan(step.produced);
    const size_t shown = std::min(input.size() - at, enough_input(room.size()));
    state.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(input.data() + at));
    state.avail_in = static_cast<uint32_t>(shown);
    state.next_out = reinterpret_cast<uint8_t*>(room.data());
    state.avail_out = static_cast<uint32_t>(room.size());
    const int result = isal_inflate(&state);
    if (result < 0) throw Error(cat("corrupt zlib data: ", explain(result)));
    at += shown - state.avail_in;
    const size_t produced = room.size() - state.avail_out;
    self.adler = adler32({room.data(), produced}, self.adler);
    step.produced += produced;
    if (state.block_state == ISAL_BLOCK_FINISH) {
      self.stage = Impl::Stage::trailer;
      // The bit buffer holds bytes behind the data: first the trailer's, then somebody else's.
      uint64_t ahead = static_cast<uint64_t>(state.read_in) >> (state.read_in_length % 8);
      int count = state.read_in_length / 8;
      for (; count > 0 && self.frame.size() < 4; --count, ahead >>= 8U) {
        self.frame += static_cast<char>(ahead & 255U);
      }
      given_back = count;
    }
    if (at == input.size() || step.produced == output.size()) break;
  }
  if (self.stage == Impl::Stage::trailer && frame_complete(4)) {
    if (self.frame != zlib_trailer(self.adler)) {
      throw Error("corrupt zlib data: checksum does not match");
    }
    step.finished = true;
  }
  step.consumed = static_cast<std::ptrdiff_t>(at) - given_back;
  return step;
}

}  // namespace codec
