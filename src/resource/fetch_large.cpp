#include "resource/fetch_large.hpp"

#include <mutex>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/open_content.hpp"
#include "git/staged_writer.hpp"
#include "lfs/attribute_rules.hpp"
#include "lfs/pointer.hpp"
#include "rootfs/manifest.hpp"

namespace resource {

using base::cat;

std::vector<lfs::Object> large_files_of(const git::StoredBlob& manifest) {
  const auto text = git::open_content(manifest.content, manifest.size);
  rootfs::ManifestReader reader(*text);
  std::vector<lfs::Object> objects;
  rootfs::ManifestEntry listed;
  while (base::with_context("manifest", [&] { return reader.next(listed); })) {
    if (listed.lfs.empty()) continue;
    objects.push_back({listed.lfs, listed.entry.size, listed.entry.path});
  }
  return objects;
}

namespace {

constexpr uint64_t largest_attributes = 16 * 1024 * 1024;

/// Walks trees of a commit in search of pointers.
class PointerSearch {
 public:
  explicit PointerSearch(const git::ObjectStore& store) : store_(store) {}

  void add_attributes(const std::string& directory, const std::vector<git::TreeEntry>& entries) {
    for (const git::TreeEntry& entry : entries) {
      if (entry.name != ".gitattributes" || !is_file(entry)) continue;
      rules_.add(directory, store_.read_blob(entry.id, largest_attributes));
    }
  }

  void walk(const std::string& directory, const git::Oid& tree, std::vector<lfs::Object>& found) {
    const std::vector<git::TreeEntry> entries = checked_entries(store_, tree);
    add_attributes(directory, entries);
    for (const git::TreeEntry& entry : entries) {
      base::throw_if_cancelled();
      const std::string path = cat(directory, "/", entry.name);
      if (entry.mode == git::mode_directory) walk(path, entry.id, found);
      if (!is_file(entry) || rules_.empty()) continue;
      if (store_.find_blob(entry.id).size > lfs::longest_pointer) continue;
      const auto pointer = lfs::parse_pointer(store_.read_blob(entry.id, lfs::longest_pointer));
      if (!pointer || !rules_.is_filtered(path)) continue;
      found.push_back({pointer->oid, pointer->size, path.substr(path.find('/') + 1)});
    }
  }

 private:
  static bool is_file(const git::TreeEntry& entry) {
    return entry.mode != git::mode_directory && entry.mode != git::mode_symlink &&
           entry.mode != git::mode_gitlink;
  }

  const git::ObjectStore& store_;
  lfs::AttributeRules rules_;
};

}  // namespace

std::vector<lfs::Object> large_files_of(const git::ObjectStore& store, const git::Oid& top,
                                        const git::Oid& rootfs) {
  std::vector<lfs::Object> found;
  PointerSearch search(store);
  search.add_attributes("", checked_entries(store, top));
  search.walk("rootfs", rootfs, found);
  return found;
}

FetchedFiles fetch_large(const std::vector<lfs::Object>& objects, const GitSource& source,
                         const std::string& directory, const rootfs::Limits& limits,
                         base::Log& log) {
  FetchedFiles fetched;
  if (objects.empty()) return fetched;
  rootfs::Budget budget(limits, 0);
  uint64_t total = 0;
  for (const lfs::Object& object : objects) {
    budget.add_stream(object.size);
    total += object.size;
  }
  log.info(cat("git-lfs keeps ", base::with_commas(objects.size()),
               objects.size() == 1 ? " file, " : " files, ", base::human_size(total)));
  fetched.files = std::make_unique<git::StagedFiles>(directory);
  std::mutex mutex;
  const auto store = lfs::open_store(lfs_options(source), log);
  store->download(objects, [&](const lfs::Object& object, base::ByteSource& bytes) {
    const auto reserve = [&] {
      const std::lock_guard lock(mutex);
      return fetched.files->reserve();
    };
    const uint32_t number = reserve();
    git::StagedWriter file(fetched.files->path_of(number), object.size);
    std::vector<char> block(256 * 1024);
    while (const size_t count = bytes.read(block)) file.write({block.data(), count});
    file.finish();
    const std::lock_guard lock(mutex);
    fetched.contents.emplace(object.oid,
                             git::StoredBlob{object.size, fetched.files->content(number)});
  });
  return fetched;
}

}  // namespace resource
