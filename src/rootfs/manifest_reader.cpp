#include <algorithm>
#include <utility>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/manifest.hpp"
#include "rootfs/manifest_syntax.hpp"

namespace rootfs {
namespace {

using base::cat;
using base::EntryKind;
using base::Error;

class Lines {
 public:
  explicit Lines(base::ByteSource& source) : source_(source), block_(64 * 1024) {}

  /// The next line without its end; false at the end.
  bool next(std::string_view& line) {
    size_t searched = used_;
    size_t end = 0;
    while ((end = text_.find('\n', searched)) == text_.npos) {
      text_.erase(0, std::exchange(used_, 0));
      searched = text_.size();
      if (searched > longest_manifest_line) throw Error("the line is too long");
      const size_t count = source_.read(block_);
      text_.append(block_.data(), count);
      if (count == 0 && text_.empty()) return false;
      if (count == 0) throw Error("the last line is cut off");
    }
    line = std::string_view(text_).substr(used_, end - used_);
    used_ = end + 1;
    return true;
  }

 private:
  base::ByteSource& source_;
  std::vector<char> block_;
  std::string text_;
  size_t used_ = 0;
};

}  // namespace

struct ManifestReader::Impl {
  explicit Impl(base::ByteSource& source) : lines(source) {}

  bool next(ManifestEntry& what) {
    const auto place = [this] { return cat("line ", number); };
    ++number;
    return base::with_context(place, [&] {
      std::string_view line;
      if (number == 1) {
        if (!lines.next(line) || line != manifest_signature) {
          throw Error(cat("expected ", manifest_signature, may_be_newer));
        }
        ++number;
      }
      if (!lines.next(line)) {
        if (number == 2) throw Error("the root directory is missing");
        return false;
      }
      base::throw_if_cancelled();
      what = parse_manifest_line(line);
      check_place(what);
      return true;
    });
  }

  void check_place(const ManifestEntry& what) {
    const std::string& path = what.entry.path;
    const bool is_directory = what.entry.kind == EntryKind::directory;
    if (number == 2) {
      if (!path.empty() || !is_directory) throw Error("expected the root directory");
      return;
    }
    if (!walks_before(last, path)) {
      throw Error(cat('"', base::excerpt(path), "\" is out of order or stands twice"));
    }
    last = path;
    const std::string_view parent = base::split_path(path).directory;
    while (!directories.empty() && directories.back() != parent) directories.pop_back();
    if (directories.empty() && !parent.empty()) {
      throw Error(cat('"', base::excerpt(path), "\" is in no directory"));
    }
    if (is_directory) directories.push_back(path);
    if (!what.hardlink.empty() && !walks_before(what.hardlink, path)) {
      throw Error(
          cat('"', base::excerpt(path), "\" is a hard link to what does not stand before it"));
    }
  }

  Lines lines;
  uint64_t number = 0;
  std::string last;
  std::vector<std::string> directories;  ///< Of the last entry, outermost first.
};

ManifestReader::ManifestReader(base::ByteSource& source) : impl_(std::make_unique<Impl>(source)) {}
ManifestReader::~ManifestReader() = default;

bool ManifestReader::next(ManifestEntry& entry) {
  return impl_->next(entry);
}

void visit_linked_and_large(base::ByteSource& manifest,
                            const std::function<void(const ManifestEntry&)>& visit) {
  Lines lines(manifest);
  std::string_view line;
  for (uint64_t number = 1; lines.next(line); ++number) {
    base::throw_if_cancelled();
    // Spaces stand between keywords only: those of names are escaped.
    if (line.find(" hardlink=") == line.npos && line.find(" lfs=") == line.npos) continue;
    visit(base::with_context(cat("line ", number), [&] { return parse_manifest_line(line); }));
  }
}

bool walks_before(std::string_view a, std::string_view b) {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return rank(x) < rank(y); });
}

}  // namespace rootfs
