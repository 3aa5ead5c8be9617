#include <algorithm>
#include <charconv>
#include <limits>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/layer_rules.hpp"
#include "rootfs/manifest_syntax.hpp"

namespace rootfs {
namespace {

using base::cat;
using base::EntryKind;
using base::Error;

constexpr size_t most_shown = 100;

std::string quoted(std::string_view text) {
  return cat('"', base::excerpt(text, most_shown), '"');
}

/// A number without zeros in front of it; with `digits`, one that has so many.
template <class Number>
Number number(std::string_view text, uint64_t largest, int radix = 10, size_t digits = 0) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  const std::string_view plain = text.starts_with('-') ? text.substr(1) : text;
  const bool spelled = digits > 0 ? text.size() == digits : text == "0" || !plain.starts_with('0');
  if (error != std::errc() || end != text.data() + text.size() || !spelled) {
    throw Error(cat(quoted(text), " is not a number that fits"));
  }
  if (value > 0 && static_cast<uint64_t>(value) > largest) {
    throw Error(cat(text, " is more than ", largest));
  }
  return value;
}

bool is_clean(std::string_view path) {
  for (size_t at = 0;;) {
    const size_t slash = path.find('/', at);
    const std::string_view part = path.substr(at, slash - at);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == path.npos) return true;
    at = slash + 1;
  }
}

/// "./a/b" as "a/b", "." as "".
std::string read_path(std::string_view text) {
  if (text == ".") return "";
  auto path = text.starts_with("./") ? unescape(text.substr(2)) : std::nullopt;
  if (!path) throw Error(cat(quoted(text), " is not a path of a manifest"));
  if (!is_clean(*path)) throw Error(cat("the path ", quoted(text), " is not clean"));
  return std::move(*path);
}

std::string read_sha256(std::string_view text) {
  const bool hex = text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
  if (!hex) throw Error(cat(quoted(text), " is not a SHA-256"));
  return std::string(text);
}

void read_time(std::string_view text, base::Entry& entry) {
  const size_t dot = text.find('.');
  if (dot == text.npos || text.size() - dot != 10 || text[dot + 1] == '-') {
    throw Error(cat("the time ", quoted(text), " is not SECONDS.NANOSECONDS with nine digits"));
  }
  entry.mtime_seconds = number<int64_t>(text.substr(0, dot), std::numeric_limits<int64_t>::max());
  entry.mtime_nanoseconds = number<uint32_t>(text.substr(dot + 1), 999'999'999, 10, 9);
}

void read_device(std::string_view text, base::Entry& entry) {
  const auto parts = base::split(text, ',');
  if (parts.size() != 3 || parts[0] != "native") {
    throw Error(cat("the device ", quoted(text), " is not native,MAJOR,MINOR"));
  }
  entry.device_major = number<uint32_t>(parts[1], std::numeric_limits<uint32_t>::max());
  entry.device_minor = number<uint32_t>(parts[2], std::numeric_limits<uint32_t>::max());
}

/// Takes keywords off a line from the front, in the one order they may have.
class Keywords {
 public:
  explicit Keywords(std::string_view line) : rest_(line) { find_word(); }

  /// The word at hand, which is then behind.
  std::string_view take() {
    const std::string_view word = word_;
    if (word.size() == rest_.size()) {
      rest_ = {};
      at_end_ = true;
    } else {
      rest_.remove_prefix(word.size() + 1);
    }
    find_word();
    return word;
  }
  /// The value of `name` if that is the next keyword.
  std::optional<std::string_view> optional(std::string_view name) {
    if (!word_.starts_with(name) || word_.substr(name.size(), 1) != "=") return std::nullopt;
    return take().substr(name.size() + 1);
  }
  std::string_view required(std::string_view name) {
    if (const auto value = optional(name)) return *value;
    throw Error(
        cat(name, "= is missing here: ", quoted(at_end_ ? "the end" : word_), may_be_newer));
  }
  /// The next extended attribute, if there is one.
  bool xattr(base::Xattr& xattr) {
    constexpr std::string_view prefix = "xattr.";
    if (!word_.starts_with(prefix)) return false;
    const std::string_view word = take().substr(prefix.size());
    const size_t equals = word.find('=');
    if (equals == word.npos || equals == 0) throw Error(cat(quoted(word), " has no name or value"));
    const auto name = unescape(word.substr(0, equals));
    const std::string_view encoded = word.substr(equals + 1);
    const auto value = base::base64_decode(encoded);
    if (!name || !value || base::base64_encode(*value) != encoded) {
      throw Error(cat("the attribute ", quoted(word), " cannot be decoded"));
    }
    xattr = {*name, *value};
    return true;
  }
  void finish() const {
    if (!at_end_) throw Error(cat("unexpected ", quoted(word_), may_be_newer));
  }

 private:
  void find_word() { word_ = rest_.substr(0, rest_.find(' ')); }

  std::string_view rest_;  ///< From the word at hand on.
  std::string_view word_;
  bool at_end_ = false;
};

void read_body(Keywords& keywords, base::Entry& entry) {
  switch (entry.kind) {
    case EntryKind::file:
      entry.size = number<uint64_t>(keywords.required("size"), std::numeric_limits<int64_t>::max());
      return;
    case EntryKind::symlink: {
      auto link = unescape(keywords.required("link"));
      if (!link) throw Error("the text of the link cannot be decoded");
      entry.link = std::move(*link);
      return;
    }
    case EntryKind::char_device:
    case EntryKind::block_device:
      return read_device(keywords.required("device"), entry);
    default:
      return;
  }
}

void read_xattrs(Keywords& keywords, base::Entry& entry) {
  base::Xattr xattr;
  while (keywords.xattr(xattr)) {
    if (!entry.xattrs.empty() && entry.xattrs.back().name >= xattr.name) {
      throw Error("extended attributes are not sorted by name");
    }
    entry.xattrs.push_back(std::move(xattr));
  }
}

}  // namespace

ManifestEntry parse_manifest_line(std::string_view line) {
  ManifestEntry what;
  base::Entry& entry = what.entry;
  Keywords keywords(line);
  entry.path = read_path(keywords.take());
  const std::string_view word = keywords.required("type");
  const auto kind = kind_of_word(word);
  if (!kind) throw Error(cat("unknown type ", quoted(word), may_be_newer));
  entry.kind = *kind;
  entry.mode = number<uint32_t>(keywords.required("mode"), 07777, 8, 4);
  entry.uid = number<uint64_t>(keywords.required("uid"), largest_id);
  entry.gid = number<uint64_t>(keywords.required("gid"), largest_id);
  read_time(keywords.required("time"), entry);
  read_body(keywords, entry);
  if (const auto link = keywords.optional("hardlink")) {
    what.hardlink = read_path(*link);
    if (entry.kind == EntryKind::directory || what.hardlink.empty()) {
      throw Error("no directory has a second name");
    }
  }
  if (const auto contents = keywords.optional("contents")) {
    if (!contents->starts_with("blobs/")) throw Error("contents= does not lie in blobs/");
    what.contents = read_sha256(contents->substr(6));
  }
  if (const auto lfs = keywords.optional("lfs")) what.lfs = read_sha256(*lfs);
  if (entry.kind != EntryKind::file && !(what.contents.empty() && what.lfs.empty())) {
    throw Error("only a file has contents");
  }
  read_xattrs(keywords, entry);
  keywords.finish();
  return what;
}

}  // namespace rootfs
