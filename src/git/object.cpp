#include "git/object.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#include "base/error.hpp"
#include "base/text.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

const char* name_of(ObjectType type) {
  switch (type) {
    case ObjectType::commit:
      return "commit";
    case ObjectType::tree:
      return "tree";
    case ObjectType::blob:
      return "blob";
    case ObjectType::tag:
      return "tag";
  }
  throw Error("unknown git object type");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Angle brackets and line breaks would end the field early (git itself drops them, too).
std::string clean_identity(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '<' && c != '>' && c != '\n' && c != '\0') out += c;
  }
  return std::string(base::trim(out));
}

std::string person(const Identity& identity, int64_t time) {
  return cat(clean_identity(identity.name), " <", clean_identity(identity.email), "> ", time,
             " +0000");
}

}  // namespace

Oid Oid::from_raw(std::string_view raw) {
  Oid id;
  if (raw.size() != id.bytes.size()) throw Error("a git object id must have 20 bytes");
  std::memcpy(id.bytes.data(), raw.data(), raw.size());
  return id;
}

std::optional<Oid> Oid::parse(std::string_view hex) {
  Oid id;
  if (hex.size() != 2 * id.bytes.size()) return std::nullopt;
  for (size_t i = 0; i < id.bytes.size(); ++i) {
    const int high = hex_digit(hex[2 * i]);
    const int low = hex_digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return id;
}

std::string Oid::hex() const {
  return base::to_hex(raw());
}

void hash_object_header(base::Hasher& hasher, ObjectType type, uint64_t size) {
  hasher.update(cat(name_of(type), ' ', size, '\0'));
}

Oid object_id(base::Hasher& hasher, ObjectType type, std::string_view content) {
  hash_object_header(hasher, type, content.size());
  hasher.update(content);
  return Oid::from_raw(hasher.finish());
}

size_t OidHash::operator()(const Oid& id) const noexcept {
  // Multilinear hashing: of the sum, the upper half is as good as drawn by lot for any two ids.
  using Words = std::array<uint32_t, 5>;
  using Factors = std::array<uint64_t, 6>;
  static const Factors factors = [] {
    Factors drawn{};
    std::random_device source;
    std::uniform_int_distribution<uint64_t> number;
    for (uint64_t& factor : drawn) factor = number(source);
    return drawn;
  }();
  Words words{};
  static_assert(sizeof words == sizeof id.bytes);
  std::memcpy(words.data(), id.bytes.data(), sizeof words);
  uint64_t sum = factors.back();
  for (size_t i = 0; i < words.size(); ++i) sum += factors[i] * words[i];
  return static_cast<size_t>(sum >> 32U);
}

const Oid& empty_blob() {
  static const Oid id = [] {
    base::Hasher hasher(base::HashAlgorithm::sha1);
    return object_id(hasher, ObjectType::blob, "");
  }();
  return id;
}

std::string encode_tree(std::vector<TreeEntry> entries) {
  const auto precedes = [](const TreeEntry& a, const TreeEntry& b) {
    const size_t common = std::min(a.name.size(), b.name.size());
    const int order = std::memcmp(a.name.data(), b.name.data(), common);
    if (order != 0) return order < 0;
    const auto next = [common](const TreeEntry& entry) -> int {
      if (entry.name.size() > common) return static_cast<unsigned char>(entry.name[common]);
      return entry.mode == mode_directory ? '/' : '\0';
    };
    return next(a) < next(b);
  };
  std::sort(entries.begin(), entries.end(), precedes);
  std::string out;
  for (const TreeEntry& entry : entries) {
    constexpr std::string_view digits = "01234567";
    for (int shift = entry.mode >= 0100000 ? 15 : 12; shift >= 0; shift -= 3) {
      out += digits[entry.mode >> shift & 7U];
    }
    out += ' ';
    out += entry.name;
    out += '\0';
    out += entry.id.raw();
  }
  return out;
}

std::vector<TreeEntry> parse_tree(std::string_view content) {
  std::vector<TreeEntry> entries;
  while (!content.empty()) {
    const size_t space = content.find(' ');
    const size_t end = content.find('\0');
    if (space > 6 || end == std::string_view::npos || space > end || content.size() - end <= 20) {
      throw Error("the server sent a broken tree object");
    }
    TreeEntry entry;
    for (const char c : content.substr(0, space)) {
      if (c < '0' || c > '7') throw Error("the server sent a tree object with a broken mode");
      entry.mode = entry.mode * 8 + static_cast<uint32_t>(c - '0');
    }
    entry.name = content.substr(space + 1, end - space - 1);
    entry.id = Oid::from_raw(content.substr(end + 1, 20));
    content.remove_prefix(end + 21);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string encode_commit(const CommitText& commit) {
  std::string out = cat("tree ", commit.tree.hex(), '\n');
  if (commit.parent) out += cat("parent ", commit.parent->hex(), '\n');
  out += cat("author ", person(commit.author, commit.time), '\n');
  out += cat("committer ", person(commit.committer, commit.time), "\n\n");
  out += commit.message;
  if (!out.ends_with('\n')) out += '\n';
  return out;
}

Oid tree_of_commit(std::string_view content) {
  if (content.starts_with("tree ") && content.size() > 45) {
    if (const auto id = Oid::parse(content.substr(5, 40))) return *id;
  }
  throw Error("the server sent a broken commit object");
}

}  // namespace git
