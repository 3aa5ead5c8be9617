#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "rootfs/virtual_nodes.hpp"

namespace rootfs {

/// Where a path leads in a tree in memory.
struct VirtualPlace {
  enum class Fault { none, missing, endless, too_long };
  VirtualNode* directory = nullptr;  ///< Null: see `fault`.
  Fault fault = Fault::none;
};

/// Asked for each component that is missing or (`exists`) no directory: makes it one, or throws.
using MakeVirtualDirectory =
    std::function<VirtualNode&(VirtualNode& parent, const std::string& name, bool exists)>;

/// Follows `path` from `root`, symbolic links and ".." inside it, as RootedDir does on disk. Names
/// of what an unpacked tree leaves out count as missing.
VirtualPlace resolve(VirtualNode& root, std::string_view path,
                     const MakeVirtualDirectory& make = {});

/// The directory `path` leads to; null when there is none. Error when links lead nowhere for good.
VirtualNode* find_directory(VirtualNode& root, std::string_view path);

/// The same, but calls `make` where the path or a link on it leads to nothing or to a file.
VirtualNode& make_directories(VirtualNode& root, std::string_view path,
                              const MakeVirtualDirectory& make);

/// What an unpacked tree has under `name` in `directory`; null when there is nothing.
VirtualName* find_name(VirtualNode& directory, std::string_view name);

}  // namespace rootfs
