#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "rootfs/virtual_nodes.hpp"

namespace rootfs {

/// Asked for each component that is missing or (`exists`) no directory: makes it one, or throws.
using MakeVirtualDirectory =
    std::function<VirtualNode&(VirtualNode& parent, const std::string& name, bool exists)>;

/// The directory `path` leads to from `root`, symbolic links and ".." followed inside it, as
/// RootedDir does on disk; null when there is none. Names of what an unpacked tree leaves out count
/// as missing. Error when links lead nowhere for good.
VirtualNode* find_directory(VirtualNode& root, std::string_view path);

/// The same, but calls `make` where the path or a link on it leads to nothing or to a file.
VirtualNode& make_directories(VirtualNode& root, std::string_view path,
                              const MakeVirtualDirectory& make);

/// What an unpacked tree has under `name` in `directory`; null when there is nothing.
VirtualName* find_name(VirtualNode& directory, std::string_view name);

}  // namespace rootfs
