#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"

namespace git {

/// The SHA-1 id of an object (gitformat-pack).
struct Oid {
  std::array<uint8_t, 20> bytes{};

  static Oid from_raw(std::string_view raw);  ///< From exactly 20 bytes.
  static std::optional<Oid> parse(std::string_view hex);
  std::string hex() const;
  std::string short_hex() const { return hex().substr(0, 12); }
  std::string_view raw() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  bool is_null() const { return *this == Oid{}; }
  auto operator<=>(const Oid&) const = default;
};

/// For unordered containers. An id is a hash already, but a server may send ids that it has made
/// up: numbers that each process draws for itself keep it from choosing where they go in a table.
struct OidHash {
  size_t operator()(const Oid& id) const noexcept;
};

/// Numbers are those of pack entries (gitformat-pack).
enum class ObjectType { commit = 1, tree = 2, blob = 3, tag = 4 };

/// Feeds `hasher` (SHA-1) what stands before an object's content.
void hash_object_header(base::Hasher& hasher, ObjectType type, uint64_t size);

/// The id of an object held in memory.
Oid object_id(base::Hasher& hasher, ObjectType type, std::string_view content);

/// The id of the blob without content.
const Oid& empty_blob();

inline constexpr uint32_t mode_directory = 0040000;
inline constexpr uint32_t mode_file = 0100644;
inline constexpr uint32_t mode_executable = 0100755;
inline constexpr uint32_t mode_symlink = 0120000;
inline constexpr uint32_t mode_gitlink = 0160000;  ///< A submodule; its id names no object here.

struct TreeEntry {
  uint32_t mode = 0;
  std::string name;
  Oid id;
};

/// In bytes, half a million names of 100 letters: no larger tree is published, as none is read.
inline constexpr uint64_t largest_tree = 64ULL * 1024 * 1024;

/// A tree object's content; sorts `entries` as git demands, directories as if they ended in "/".
std::string encode_tree(std::vector<TreeEntry> entries);

/// Error when `content` is not a tree.
std::vector<TreeEntry> parse_tree(std::string_view content);

/// A person as git writes it into commits.
struct Identity {
  std::string name;
  std::string email;
};

struct CommitText {
  Oid tree;
  std::optional<Oid> parent;
  Identity author;
  Identity committer;
  int64_t time = 0;  ///< Seconds since 1970, UTC.
  std::string message;
};

std::string encode_commit(const CommitText& commit);

/// The tree a commit object names; Error when `content` is not a commit.
Oid tree_of_commit(std::string_view content);

}  // namespace git
