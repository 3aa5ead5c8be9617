#include <algorithm>
#include <map>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "oci/file_set.hpp"
#include "oci/tar_headers.hpp"

namespace oci {
namespace {

using base::cat;

// An image archive has a few members per layer; a file system packed by mistake has many more.
constexpr size_t most_members = 100'000;
constexpr size_t most_name_bytes = 16 * 1024 * 1024;
constexpr int most_links = 16;
constexpr size_t piece_size = 64 * 1024;

/// "a/b" for "./a//b/" and "a/x/../b"; nothing when `path` leads out of the archive.
std::optional<std::string> plain_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else {
      if (parts.empty()) return std::nullopt;
      parts.pop_back();
    }
  }
  std::string plain;
  for (const std::string_view part : parts) base::append_item(plain, "/", part);
  return plain;
}

class TarFiles : public FileSet {
 public:
  explicit TarFiles(base::UniqueFd fd) : fd_(std::make_shared<base::UniqueFd>(std::move(fd))) {
    TarHeaders headers(fd_);
    size_t bytes = 0;
    size_t count = 0;
    while (auto member = headers.next()) {
      bytes += member->name.size() + member->target.size();
      if (++count > most_members || bytes > most_name_bytes) {
        throw base::Error("holds more files than an image archive has");
      }
      add(std::move(*member));
    }
  }

  std::optional<File> find(const std::string& path) const override {
    auto name = plain_path(path);
    for (int hops = 0; name; ++hops) {
      const auto found = members_.find(*name);
      if (found == members_.end()) {
        if (hops == 0) return std::nullopt;
        refuse(path, cat("is a link to ", base::excerpt(*name), ", which is not there"));
      }
      const Place& place = found->second;
      if (place.repeated) refuse(path, "is there more than once");
      switch (place.kind) {
        case TarMember::Kind::file:
          return File{place.size,
                      std::make_unique<base::FilePart>(fd_, place.offset, place.size, path)};
        case TarMember::Kind::other:
          refuse(path, "is not a regular file");
        case TarMember::Kind::hard_link:
          name = plain_path(place.target);
          break;
        case TarMember::Kind::symlink:
          // An absolute target means the machine's root, which is not in the archive.
          if (place.target.starts_with('/')) {
            name.reset();
          } else {
            name = plain_path(
                cat(std::string_view(*name).substr(0, name->rfind('/') + 1), place.target));
          }
          break;
      }
      if (hops >= most_links) refuse(path, "is a link in a loop of links");
    }
    refuse(path, "leads out of the archive");
  }

 private:
  struct Place {
    TarMember::Kind kind;
    bool repeated;
    std::string target;
    uint64_t offset;
    uint64_t size;
  };

  void add(TarMember member) {
    // Unpacked, such a name would be refused; here nothing can ask for it.
    auto name = plain_path(member.name);
    if (!name) return;
    Place place{member.kind, false, std::move(member.target), member.offset, member.size};
    const auto [old, is_new] = members_.try_emplace(std::move(*name), place);
    if (is_new || member.kind == TarMember::Kind::other || old->second.repeated) return;
    // Which of two files is meant, readers do not agree on. Nix repeats a layer it needs twice.
    old->second.repeated = !are_equal(old->second, place);
  }

  bool are_equal(const Place& a, const Place& b) const {
    const auto is_file = [](const Place& place) { return place.kind == TarMember::Kind::file; };
    if (!is_file(a) || !is_file(b) || a.size != b.size) return false;
    base::FilePart first(fd_, a.offset, a.size, "the archive");
    base::FilePart second(fd_, b.offset, b.size, "the archive");
    std::string ours(std::min<uint64_t>(a.size, piece_size), '\0');
    std::string theirs = ours;
    while (base::read_full(first, ours) > 0) {
      base::throw_if_cancelled();
      base::read_full(second, theirs);
      if (ours != theirs) return false;
    }
    return true;
  }

  [[noreturn]] static void refuse(const std::string& path, std::string_view problem) {
    throw base::Error(cat(base::excerpt(path), " ", problem));
  }

  std::shared_ptr<const base::UniqueFd> fd_;
  std::map<std::string, Place> members_;
};

}  // namespace

std::unique_ptr<FileSet> files_of_tar(base::UniqueFd fd) {
  return std::make_unique<TarFiles>(std::move(fd));
}

}  // namespace oci
