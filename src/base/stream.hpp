#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace base {

/// A stream that is pulled: whoever reads sets the pace, so nothing piles up in between.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills the front of `buffer` (not empty) and returns how many bytes; 0 means the end.
  virtual size_t read(std::span<char> buffer) = 0;
};

/// A stream that is pushed.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(std::string_view bytes) = 0;
};

/// Collects everything in memory.
class StringSink : public ByteSink {
 public:
  /// `expected` bytes need no more memory than that.
  explicit StringSink(size_t expected = 0) { text_.reserve(expected); }
  void write(std::string_view bytes) override { text_ += bytes; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Bytes held in memory.
class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  size_t read(std::span<char> buffer) override;

 private:
  std::string bytes_;
  size_t position_ = 0;
};

/// Puts bytes that were already taken from a source back in front of it.
class PrefixedSource : public ByteSource {
 public:
  PrefixedSource(std::string prefix, std::unique_ptr<ByteSource> rest)
      : prefix_(std::move(prefix)), rest_(std::move(rest)) {}
  size_t read(std::span<char> buffer) override;

 private:
  std::string prefix_;
  size_t position_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

/// Passes bytes on and tells at each read how many they are.
class CountedSource : public ByteSource {
 public:
  using Tell = std::function<void(size_t count)>;
  CountedSource(std::unique_ptr<ByteSource> source, Tell tell)
      : source_(std::move(source)), tell_(std::move(tell)) {}

  size_t read(std::span<char> buffer) override;

 private:
  std::unique_ptr<ByteSource> source_;
  Tell tell_;
};

/// Everything up to the end; Error when there is more than `limit` bytes of `what`.
std::string read_all(ByteSource& source, size_t limit, std::string_view what);

/// Fills `buffer` whole unless the source ends before; returns the count.
size_t read_full(ByteSource& source, std::span<char> buffer);

/// Passes everything up to the end on to `sink`; returns how many bytes.
uint64_t copy_all(ByteSource& source, ByteSink& sink);

/// Reads and drops everything up to the end.
void drain(ByteSource& source);

}  // namespace base
