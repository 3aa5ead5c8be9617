#include "resource/fetch_large.hpp"

#include <mutex>
#include <optional>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/open_content.hpp"
#include "git/staged_file.hpp"
#include "git/staged_writer.hpp"
#include "lfs/attribute_rules.hpp"
#include "lfs/pointer.hpp"
#include "resource/tree_walk.hpp"
#include "rootfs/manifest.hpp"

namespace resource {

using base::cat;

namespace {

/// Of all .gitattributes together, which are held in memory.
constexpr uint64_t most_attributes = 16 * 1024 * 1024;

/// Collects the .gitattributes of a commit.
class Attributes {
 public:
  void add(const std::string& directory, const git::StoredBlob& file) {
    size_ += file.size;
    if (file.size > most_attributes || size_ > most_attributes) {
      throw base::Error(cat(base::excerpt(directory), "/.gitattributes: all files of this name ",
                            "have more than ", base::human_size(most_attributes)));
    }
    rules_.add(directory, base::read_all(*git::open_content(file.content, file.size),
                                         most_attributes, ".gitattributes"));
  }
  lfs::AttributeRules& rules() { return rules_; }

 private:
  lfs::AttributeRules rules_;
  uint64_t size_ = 0;
};

bool is_file(const git::TreeEntry& entry) {
  return entry.mode != git::mode_directory && entry.mode != git::mode_symlink &&
         entry.mode != git::mode_gitlink;
}

/// Calls `action` with the path and the tree entry of each file below `rootfs`. Waits for no
/// contents, so that what was fetched may be written meanwhile.
template <class Action>
void for_each_file(const git::ObjectStore& store, const git::Oid& rootfs,
                   const rootfs::Limits& limits, Action action) {
  rootfs::Budget budget(limits, 0);
  base::Entry entry;
  for (TreeWalk walk(store, rootfs); walk.next();) {
    base::throw_if_cancelled();
    entry.path = walk.path();
    budget.add_entry(entry);
    if (is_file(walk.entry())) action(entry.path, walk.entry());
  }
}

std::optional<lfs::Pointer> pointer_in(const git::StoredBlob& file, std::string_view path) {
  if (file.size > lfs::longest_pointer) return std::nullopt;
  const auto bytes = git::open_content(file.content, file.size);
  return base::with_context(base::excerpt(path), [&] {
    return lfs::parse_pointer(base::read_all(*bytes, lfs::longest_pointer, path));
  });
}

/// Where an entry of the image stands in the commit.
std::string place_of(std::string_view path) {
  return cat("rootfs", path.empty() ? "" : "/", path);
}

}  // namespace

std::vector<lfs::Object> large_files_of(const git::StoredBlob& manifest,
                                        const rootfs::Limits& limits) {
  const auto text = git::open_content(manifest.content, manifest.size);
  rootfs::Budget budget(limits, 0);
  std::vector<lfs::Object> objects;
  base::with_context("manifest", [&] {
    rootfs::visit_linked_and_large(*text, [&](const rootfs::ManifestEntry& listed) {
      budget.add_entry(listed.entry);
      budget.add_metadata(listed.hardlink.size());
      if (listed.lfs.empty()) return;
      objects.push_back({listed.lfs, listed.entry.size, listed.entry.path});
    });
  });
  return objects;
}

std::vector<lfs::Object> large_files_of(const git::ObjectStore& store, const git::Oid& top,
                                        const git::Oid& rootfs, const rootfs::Limits& limits) {
  constexpr std::string_view name = ".gitattributes";
  Attributes attributes;
  for (const git::TreeEntry& entry : checked_entries(store, top)) {
    if (is_file(entry) && entry.name == name) attributes.add("", store.find_blob(entry.id));
  }
  for_each_file(store, rootfs, limits, [&](const std::string& path, const git::TreeEntry& file) {
    if (file.name != name) return;
    attributes.add(place_of(base::split_path(path).directory), store.find_blob(file.id));
  });
  std::vector<lfs::Object> found;
  if (!attributes.rules().hands_over()) return found;
  for_each_file(store, rootfs, limits, [&](const std::string& path, const git::TreeEntry& file) {
    if (!attributes.rules().is_filtered(place_of(path))) return;
    const auto pointer = pointer_in(store.find_blob(file.id), path);
    if (pointer) found.push_back({pointer->oid, pointer->size, path});
  });
  return found;
}

LargeContents fetch_large(const std::vector<lfs::Object>& objects, const GitSource& source,
                          const std::string& directory, const rootfs::Limits& limits,
                          base::Log& log) {
  LargeContents fetched;
  if (objects.empty()) return fetched;
  rootfs::Budget budget(limits, 0);
  uint64_t total = 0;
  for (const lfs::Object& object : objects) {
    budget.add_stream(object.size);
    total += object.size;
  }
  log.info(cat("git-lfs keeps ", base::counted(objects.size(), "file", "files"), ", ",
               base::human_size(total)));
  std::mutex mutex;
  uint32_t files = 0;
  const auto next_path = [&] {
    const std::lock_guard lock(mutex);
    return cat(directory, "/", files++);
  };
  const auto store = lfs::open_store(lfs_options(source), log);
  store->download(objects, [&](const lfs::Object& object, base::ByteSource& bytes) {
    const std::string path = next_path();
    git::StagedWriter file(path, object.size);
    std::vector<char> block(256 * 1024);
    while (const size_t count = bytes.read(block)) file.write({block.data(), count});
    file.finish();
    const std::lock_guard lock(mutex);
    fetched.emplace(object.oid,
                    git::StoredBlob{object.size, std::make_shared<git::StagedFile>(path)});
  });
  return fetched;
}

}  // namespace resource
