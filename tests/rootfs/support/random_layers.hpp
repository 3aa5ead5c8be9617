#pragma once
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/tar_builder.hpp"

/// Makes stacks of layers with files, directories, links, whiteouts and changes of kind, the same
/// for the same seed. Leaves out what other unpackers are known to treat differently: children
/// below a file, forward hard links, names that leave the root, AUFS names, devices.
class RandomLayers {
 public:
  explicit RandomLayers(uint32_t seed) : random_(seed) {}

  std::vector<std::string> stack();

 private:
  enum class Kind { file, directory, symlink, fifo };

  size_t pick(size_t count) { return random_() % count; }
  TarBuilder::Attributes attributes(Kind kind);
  std::string random_path();
  std::string layer(size_t entries);
  /// Makes all above `path` directories; gives the path with links resolved.
  std::string prepare(TarBuilder& tar, const std::string& path);
  void put(const std::string& real, Kind kind);
  void remove_below(const std::string& real, bool own_too);
  void add(TarBuilder& tar, const std::string& path);
  void hide(TarBuilder& tar, const std::string& path);

  std::minstd_rand random_;
  std::map<std::string, Kind> present_;
  std::map<std::string, std::string> link_targets_;
  std::set<std::string> own_;  ///< What the present layer wrote, with the directories above.
};
