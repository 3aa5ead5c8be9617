#pragma once
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/entry.hpp"
#include "base/stream.hpp"

/// An entry of a layer and its bytes.
struct WildEntry {
  base::Entry entry;
  std::string bytes;
};
using WildLayer = std::vector<WildEntry>;

/// Gives a layer's entries and counts them, to see which one was refused.
class WildSource : public base::EntrySource {
 public:
  explicit WildSource(const WildLayer& layer) : layer_(layer), data_("") {}
  bool next(base::Entry& entry) override;
  base::ByteSource& data() override { return data_; }
  size_t given() const { return given_; }

 private:
  const WildLayer& layer_;
  base::MemorySource data_;
  size_t given_ = 0;
};

/// Makes layers of everything a tar stream can hold, sensible or not, out of so few names that
/// entries meet all the time; the same for the same seed, or for the same numbers.
class WildLayers {
 public:
  explicit WildLayers(uint32_t seed) : random_(std::mt19937(seed)) {}
  explicit WildLayers(std::function<size_t()> random) : random_(std::move(random)) {}

  std::vector<WildLayer> stack();

 private:
  size_t pick(size_t count) { return random_() % count; }
  bool one_in(size_t count) { return pick(count) == 0; }
  WildEntry any();
  base::EntryKind kind();
  std::string name();
  std::string path();
  std::string link_text();
  std::vector<base::Xattr> xattrs();

  std::function<size_t()> random_;
  std::vector<std::string> paths_;  ///< All there were, for hard links and for new entries.
};
