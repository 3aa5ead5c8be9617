#include "git/text_shelf.hpp"

#include <cstring>

#include "base/error.hpp"

namespace git {
namespace {

/// Places below are in memory, those from here on in the file.
constexpr uint64_t memory_size = 8ULL * 1024 * 1024;

}  // namespace

ScratchFile& TextShelf::file() {
  if (!file_) file_ = std::make_unique<ScratchFile>();
  return *file_;
}

TextShelf::Place TextShelf::put(std::string_view text) {
  if (text.size() <= memory_size - memory_.size()) {
    // Reserved once; memory that is not used yet costs nothing.
    if (memory_.empty()) memory_.reserve(memory_size);
    const Place place{memory_.size(), text.size()};
    memory_ += text;
    return place;
  }
  return {memory_size + file().append(text), text.size()};
}

TextShelf::Place TextShelf::start() {
  return {memory_size + file().append(""), 0};
}

void TextShelf::extend(Place& place, std::string_view part) {
  file().append(part);
  place.size += part.size();
}

std::string TextShelf::get(const Place& place) const {
  std::string text(static_cast<size_t>(place.size), '\0');
  read(place, 0, text);
  return text;
}

void TextShelf::read(const Place& place, uint64_t offset, std::span<char> buffer) const {
  if (offset > place.size || buffer.size() > place.size - offset) {
    throw base::Error("read beyond the end of a kept text");
  }
  if (buffer.empty()) return;
  if (place.start < memory_size) {
    std::memcpy(buffer.data(), memory_.data() + place.start + offset, buffer.size());
  } else {
    file_->read(place.start - memory_size + offset, buffer);
  }
}

}  // namespace git
