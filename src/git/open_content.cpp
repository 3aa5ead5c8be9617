#include "git/open_content.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "codec/decompress.hpp"
#include "git/pack_entry.hpp"
#include "git/packed_content.hpp"

namespace git {
namespace {

constexpr size_t block_size = 64 * 1024;

/// Inflates a pack entry.
class PackedStream : public base::ByteSource {
 public:
  PackedStream(std::shared_ptr<const base::Content> content, const PackedContent& packed,
               uint64_t size)
      : content_(std::move(content)), packed_(packed) {
    std::string header;
    append_pack_entry_header(ObjectType::blob, size, header);
    // The two bytes at its end belong to the compressed stream.
    position_ = header.size() - zlib_header_size;
  }

  size_t read(std::span<char> buffer) override {
    while (!finished_) {
      const auto step = inflater_.inflate(std::string_view(block_).substr(used_), buffer);
      used_ += static_cast<size_t>(step.consumed);
      finished_ = step.finished;
      if (step.produced > 0) return step.produced;
      // Only now: what went in before may have been more than came out.
      if (!finished_ && used_ == block_.size()) refill();
    }
    return 0;
  }

 private:
  static constexpr size_t zlib_header_size = 2;

  void refill() {
    const uint64_t left = packed_.packed_size() - position_;
    if (left == 0) throw base::Error("a compressed file ends too early");
    block_.resize(static_cast<size_t>(std::min<uint64_t>(left, block_size)));
    packed_.read_packed(position_, block_);
    position_ += block_.size();
    used_ = 0;
  }

  std::shared_ptr<const base::Content> content_;
  const PackedContent& packed_;
  codec::ZlibInflater inflater_;
  std::string block_;
  size_t used_ = 0;
  uint64_t position_ = 0;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<base::ByteSource> open_content(std::shared_ptr<const base::Content> content,
                                               uint64_t size) {
  if (const auto* packed = dynamic_cast<const PackedContent*>(content.get())) {
    return std::make_unique<PackedStream>(std::move(content), *packed, size);
  }
  return std::make_unique<base::ContentSource>(std::move(content), size);
}

}  // namespace git
