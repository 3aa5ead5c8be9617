#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/entry.hpp"
#include "rootfs/tree.hpp"

enum class Xattrs { ignore, compare };

/// One line for each entry with all there is to know about it, its bytes by both ways of reading
/// them. Device nodes and sockets, which no unpacked tree has, are left out.
std::vector<std::string> entry_lines(base::EntrySource& source, Xattrs xattrs);

/// All that a tree counted, but for what depends on where it was written.
std::string count_line(const rootfs::TreeSummary& summary, Xattrs xattrs);

/// Keeps a file's bytes in memory.
std::shared_ptr<const base::Content> keep_bytes(const base::Entry& entry, base::ByteSource& data);

/// Whether extended attributes can be compared here: not every file system has them.
Xattrs xattrs_here();
