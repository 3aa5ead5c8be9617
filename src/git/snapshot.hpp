#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/entry.hpp"
#include "git/blob_hasher.hpp"
#include "git/object.hpp"
#include "git/packed_content.hpp"
#include "git/placement.hpp"

namespace git {

/// An object to be sent: its bytes stand in memory, in a file that can be read again, or are packed
/// already.
struct PackObject {
  Oid id;
  ObjectType type = ObjectType::blob;
  uint64_t size = 0;
  std::string_view bytes;  ///< Used when both pointers are null.
  const base::Content* content = nullptr;
  const PackedContent* packed = nullptr;
};

/// Of larger files, in bytes, hosts warn; many refuse those of more than twice the size.
inline constexpr uint64_t large_file = 50ULL * 1024 * 1024;

/// What stands for an empty directory, which git cannot hold.
enum class EmptyDirectory {
  keep,  ///< A file .keep in it.
  /// A submodule that is never filled: a clone has the directory, and it is empty. One that is to
  /// get refused names later has a file .keep, or git would take a .git there for the submodule's.
  gitlink,
};

/// What git keeps of an image and what it cannot (counts of entries).
struct SnapshotSummary {
  uint64_t files = 0, directories = 0, symlinks = 0;
  uint64_t bytes = 0;         ///< Of file content, hard-linked files once.
  uint64_t placeholders = 0;  ///< Empty directories that something had to stand for.
  uint64_t hardlinks = 0;     ///< Further names, which become files of their own in a clone.
  uint64_t devices = 0, fifos = 0, sockets = 0;  ///< Left out.
  uint64_t below_dev = 0;  ///< Other entries below the top-level dev/, displaced.
  uint64_t owners = 0;     ///< Entries not owned by 0:0.
  uint64_t setuid = 0, setgid = 0, sticky = 0;
  uint64_t permissions = 0;  ///< Entries whose rwx bits a clone changes.
  uint64_t xattrs = 0, capabilities = 0;
  uint64_t below_refused = 0;  ///< Entries below directories that were displaced for their names.
  std::vector<std::string> refused;  ///< Displaced because git servers or checkouts refuse them.
  uint64_t copied_bytes = 0;         ///< Of further names, which a clone has once more each.
  std::vector<std::string> private_files;  ///< Not readable for everyone, but in a clone they are.
  struct File {
    std::string path;
    uint64_t size = 0;
  };
  std::vector<File> large;  ///< Files that hosts may warn of or refuse (more than large_file).
  uint64_t stand_ins = 0;   ///< Files with a text in place of their content.
};

/// A git tree built from entries. Use: add..., then hash(), then the rest.
class Snapshot {
 public:
  /// Ids of files are computed on `threads` threads while more entries are added.
  explicit Snapshot(EmptyDirectory empty = EmptyDirectory::keep, unsigned threads = 1);

  /// Adds a file that is not part of the image; its parents are made.
  void add_file(std::string_view path, std::string_view content, uint32_t mode = mode_file);
  void add_file(std::string_view path, std::shared_ptr<const base::Content> content, uint64_t size);
  /// Adds all entries of an image below `prefix`; directories come before what they hold. `placed`
  /// learns what became of each, and may add files elsewhere.
  using Placed = std::function<void(const base::Entry& entry, Placement placement)>;
  /// The text that the tree has in place of a file's content, if any; asked for files, and for hard
  /// links, before `placed`.
  using StandIn = std::function<std::optional<std::string>(const base::Entry& entry)>;
  void add_image(base::EntrySource& source, const std::string& prefix, const Placed& placed = {},
                 const StandIn& stand_in = {});

  /// Computes the ids that are still missing. Throws Cancelled once `stop` is requested.
  void hash(const std::stop_token& stop = {});

  const Oid& tree() const { return directories_.front().id; }
  const SnapshotSummary& summary() const { return summary_; }

  /// Ids of all trees, parents before children.
  std::vector<Oid> tree_ids() const;
  /// Ids of the blobs that stand directly in the trees which are not in `known`.
  std::vector<Oid> blob_ids_outside(const std::unordered_set<Oid, OidHash>& known) const;
  /// Each object once, trees first, without those in `known` and without what is below a known
  /// tree. Views into this snapshot.
  std::vector<PackObject> objects_outside(const std::unordered_set<Oid, OidHash>& known) const;

 private:
  struct Blob {
    Oid id;
    bool repeated = false;  ///< An earlier one has the same id.
    uint64_t size = 0;
    std::shared_ptr<const base::Content> content;  ///< Null for the empty one.
  };
  struct Node {
    std::string name;
    uint32_t mode = 0;
    uint32_t index = 0;  ///< Into directories_ for a directory, else into blobs_.
  };
  struct Directory {
    std::vector<Node> nodes;
    bool has_refused = false;  ///< An entry that was displaced for its name.
    Oid id;
    std::string encoded;
  };

  void add_entry(const base::Entry& entry, const std::string& prefix,
                 std::optional<std::string> stand_in);
  void count_displaced(const base::Entry& entry, Placement placement);
  void count_losses(const base::Entry& entry);
  void add_content(uint32_t parent, std::string name, const base::Entry& entry,
                   std::optional<std::string> stand_in);
  static Blob text_blob(std::string_view text);
  /// Null for content that is not compressed yet.
  static const PackedContent* packed(const Blob& blob);
  uint32_t make_directory(std::string_view path);
  /// The directory of the entry `path` below `prefix`.
  uint32_t make_parent(const std::string& prefix, std::string_view path);
  uint32_t add_directory(uint32_t parent, std::string name);
  void add_blob(uint32_t parent, std::string name, uint32_t mode, Blob blob);
  void add_hardlink(uint32_t parent, std::string name, const base::Entry& entry,
                    const std::string& target, std::optional<std::string> stand_in);
  void mark_repeated();
  void encode_directory(uint32_t index, base::Hasher& hasher);
  /// Calls `visit` for each directory outside `known`, parents first.
  template <class Visit>
  void visit_outside(const std::unordered_set<Oid, OidHash>& known, Visit visit) const;
  /// Calls `visit` once for each blob that is not in `known` but stands directly in such a one.
  template <class Visit>
  void visit_blobs_outside(const std::unordered_set<Oid, OidHash>& known, Visit visit) const;

  EmptyDirectory empty_;
  std::vector<Directory> directories_;
  std::deque<Blob> blobs_;  ///< Many: a vector would be copied while it grows.
  std::map<std::string, uint32_t, std::less<>> directory_index_;  ///< By path; "" is the root.
  /// What make_parent() was asked for last: most entries lie beside the one before.
  struct {
    std::string prefix;
    std::string path;
    uint32_t index = 0;
  } last_parent_;
  /// Entries with other names, by path below the top.
  std::map<std::string, const Node> link_targets_;
  SnapshotSummary summary_;
  BlobHasher hasher_;  ///< Writes into blobs_, so it goes first.
};

}  // namespace git
