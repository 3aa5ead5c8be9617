#pragma once
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/entry.hpp"
#include "base/error.hpp"

/// File content held in memory.
class MemoryContent : public base::Content {
 public:
  explicit MemoryContent(std::string bytes) : bytes_(std::move(bytes)) {}
  void read_at(uint64_t offset, std::span<char> buffer) const override {
    if (offset + buffer.size() > bytes_.size()) throw base::Error("read past the end");
    std::memcpy(buffer.data(), bytes_.data() + offset, buffer.size());
  }

 private:
  std::string bytes_;
};

inline base::Entry directory(std::string path, uint32_t mode = 0755) {
  base::Entry entry;
  entry.path = std::move(path);
  entry.kind = base::EntryKind::directory;
  entry.mode = mode;
  return entry;
}

inline base::Entry file(std::string path, std::string bytes, uint32_t mode = 0644) {
  base::Entry entry;
  entry.path = std::move(path);
  entry.mode = mode;
  entry.size = bytes.size();
  entry.content = std::make_shared<MemoryContent>(std::move(bytes));
  return entry;
}

inline base::Entry link(std::string path, base::EntryKind kind, std::string target) {
  base::Entry entry;
  entry.path = std::move(path);
  entry.kind = kind;
  entry.mode = 0777;
  entry.link = std::move(target);
  return entry;
}

inline base::Entry special(std::string path, base::EntryKind kind) {
  base::Entry entry;
  entry.path = std::move(path);
  entry.kind = kind;
  return entry;
}

/// Entries from a list.
class ListedEntries : public base::EntrySource {
 public:
  explicit ListedEntries(std::vector<base::Entry> entries) : entries_(std::move(entries)) {}
  bool next(base::Entry& entry) override {
    if (at_ == entries_.size()) return false;
    entry = entries_[at_++];
    return true;
  }
  base::ByteSource& data() override { throw base::Error("not used"); }

 private:
  std::vector<base::Entry> entries_;
  size_t at_ = 0;
};
