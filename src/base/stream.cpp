#include "base/stream.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace base {
namespace {

size_t take(const std::string& bytes, size_t& position, std::span<char> buffer) {
  const size_t count = std::min(buffer.size(), bytes.size() - position);
  std::memcpy(buffer.data(), bytes.data() + position, count);
  position += count;
  return count;
}

}  // namespace

size_t MemorySource::read(std::span<char> buffer) {
  return take(bytes_, position_, buffer);
}

size_t PrefixedSource::read(std::span<char> buffer) {
  const size_t count = take(prefix_, position_, buffer);
  return count > 0 ? count : rest_->read(buffer);
}

size_t CountedSource::read(std::span<char> buffer) {
  const size_t count = source_->read(buffer);
  tell_(count);
  return count;
}

std::string read_all(ByteSource& source, size_t limit, std::string_view what) {
  std::string bytes;
  std::vector<char> buffer(16 * 1024);
  while (const size_t count = source.read(buffer)) {
    if (count > limit - bytes.size()) {
      throw Error(cat(what, " is larger than the limit of ", human_size(limit)));
    }
    bytes.append(buffer.data(), count);
  }
  return bytes;
}

size_t read_full(ByteSource& source, std::span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    const size_t count = source.read(buffer.subspan(filled));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

uint64_t copy_all(ByteSource& source, ByteSink& sink) {
  // Not larger and not cleared: for a small file, that would take longer than all else.
  constexpr size_t size = 64 * 1024;
  const auto buffer = std::make_unique_for_overwrite<char[]>(size);
  uint64_t total = 0;
  while (const size_t count = source.read({buffer.get(), size})) {
    throw_if_cancelled();
    sink.write({buffer.get(), count});
    total += count;
  }
  return total;
}

void drain(ByteSource& source) {
  std::vector<char> buffer(64 * 1024);
  while (source.read(buffer) > 0) {}
}

}  // namespace base
