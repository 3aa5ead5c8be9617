#pragma once
#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/entry.hpp"
#include "base/stream.hpp"

namespace rootfs {

inline constexpr uint64_t unlimited = UINT64_MAX;

/// What an image may cost whoever unpacks it. No image that people make comes near the defaults,
/// but a bomb ends before it has filled a machine.
struct Limits {
  /// Entries of all layers, replaced and deleted ones too, and directories that are only implied.
  uint64_t entries = 5'000'000;
  /// Bytes of all layers unpacked; sparse files count in full.
  uint64_t bytes = uint64_t{1} << 40;
  uint64_t depth = 1024;  ///< Names in one path, as given and with all links on it followed.
  /// Bytes unpacked for one byte stored, of all layers up to there and not before `ratio_from`.
  uint64_t ratio = 1000;
  /// Bytes of paths, link texts and extended attributes, much of which is held in memory.
  uint64_t metadata = uint64_t{1} << 30;

  static constexpr uint64_t ratio_from = uint64_t{4} << 30;
};

/// Counts what the layers of one image have cost so far. Each add_... throws an Error that names
/// the limit it is over, and the key of `source` that raises it.
class Budget {
 public:
  /// `stored` is the size of all layers as stored, in bytes; 0 when there is nothing to compare.
  Budget(const Limits& limits, uint64_t stored) : limits_(limits), stored_(stored) {}

  /// Bytes of layers as stored that are really there, where `stored` is only what somebody claims.
  /// To be called before what comes out of them is added; on any thread.
  void add_fetched(uint64_t count) { fetched_ += count; }

  /// To be called before anything is done with the entry.
  void add_entry(const base::Entry& entry);
  /// Directories that an entry made though they have no entry of their own.
  void add_implied(uint64_t directories);
  void add_metadata(uint64_t bytes);
  /// Error when `path`, which leads through `depth` names, is too deep.
  void check_depth(std::string_view path, uint64_t depth) const;
  /// Bytes that came out of a layer, whatever they are.
  void add_stream(uint64_t count);

 private:
  void check_bytes(uint64_t count) const;
  void check_ratio(uint64_t count, uint64_t stored) const;

  Limits limits_;
  uint64_t stored_;
  std::atomic<uint64_t> fetched_ = 0;
  uint64_t entries_ = 0;
  uint64_t file_bytes_ = 0;
  uint64_t stream_bytes_ = 0;
  uint64_t metadata_ = 0;
};

/// Hands on the bytes of an unpacked layer within the limits. Both must outlive this.
class BoundedStream : public base::ByteSource {
 public:
  BoundedStream(base::ByteSource& bytes, Budget& budget) : bytes_(bytes), budget_(budget) {}
  size_t read(std::span<char> buffer) override;

 private:
  base::ByteSource& bytes_;
  Budget& budget_;
};

}  // namespace rootfs
