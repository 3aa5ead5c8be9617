#include "resource/get_commit.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "git/object_store.hpp"
#include "git/open_content.hpp"
#include "git/remote.hpp"
#include "resource/commit_source.hpp"
#include "resource/destination.hpp"
#include "resource/fetch_large.hpp"
#include "resource/get_formats.hpp"
#include "resource/image_files.hpp"
#include "resource/image_tree.hpp"
#include "resource/plain_source.hpp"
#include "rootfs/temporary_tree.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;
using Clock = std::chrono::steady_clock;

/// Holds what is fetched until it is in its place.
constexpr const char* incoming = ".incoming";
constexpr uint64_t largest_file = 16 * 1024 * 1024;
/// What stands beside rootfs/, metadata.json apart, which comes last.
constexpr std::array<const char*, 4> small_files = {"labels.json", "repository", "tag", "digest"};

/// A directory of a commit, by name.
class Folder {
 public:
  Folder(const git::ObjectStore& store, const git::Oid& tree)
      : store_(store), entries_(checked_entries(store, tree)) {}

  const git::TreeEntry* find(std::string_view name) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& entry) { return entry.name == name; });
    return found == entries_.end() ? nullptr : &*found;
  }
  const git::TreeEntry* find_directory(std::string_view name) const {
    const git::TreeEntry* entry = find(name);
    return entry != nullptr && entry->mode == git::mode_directory ? entry : nullptr;
  }
  const git::TreeEntry* find_file(std::string_view name) const {
    const git::TreeEntry* entry = find(name);
    const bool is_file =
        entry != nullptr && entry->mode != git::mode_directory && entry->mode != git::mode_symlink;
    return is_file ? entry : nullptr;
  }
  /// Copies a file, if it is there, to `path`.
  bool copy(std::string_view name, const std::string& path) const {
    const git::TreeEntry* entry = find_file(name);
    if (entry == nullptr) return false;
    base::with_context(name,
                       [&] { base::write_file(path, store_.read_blob(entry->id, largest_file)); });
    return true;
  }

 private:
  const git::ObjectStore& store_;
  std::vector<git::TreeEntry> entries_;
};

/// When a commit was made, in seconds since 1970; 0 when it does not say.
int64_t time_of_commit(std::string_view text) {
  const size_t line = text.find("\ncommitter ");
  if (line == text.npos) return 0;
  text = text.substr(line + 1, text.find('\n', line + 1) - line - 1);
  const size_t mail = text.rfind("> ");
  int64_t time = 0;
  if (mail != text.npos) std::from_chars(text.data() + mail + 2, text.data() + text.size(), time);
  return time;
}

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0) {
    base::throw_errno(cat("make directory ", base::printable(path)));
  }
}

/// A directory for files that move into the image: nothing is to be passed on to them.
void make_staging_directory(const std::string& path) {
  make_directory(path);
  // Without a setgid bit, whatever the directory above has.
  if (::chmod(path.c_str(), 0700) != 0) {
    base::throw_errno(cat("set the mode of ", base::printable(path)));
  }
  ::removexattr(path.c_str(), "system.posix_acl_default");
}

/// Writes the image of a commit.
class Restorer {
 public:
  Restorer(const git::ObjectStore& store, const git::Oid& commit, const GitSource& source,
           const std::string& directory, const rootfs::Limits& limits, base::Log& log)
      : store_(store),
        source_(source),
        text_(store.commit_text(commit)),
        top_(store, git::tree_of_commit(text_)),
        directory_(directory),
        limits_(limits),
        log_(log) {
    rootfs_ = top_.find_directory("rootfs");
    if (rootfs_ == nullptr || top_.find_file("metadata.json") == nullptr) {
      throw Error(cat("commit ", commit.short_hex(),
                      " holds no image: it needs a directory rootfs/ and a file metadata.json"));
    }
  }

  void restore() {
    const auto start = Clock::now();
    rootfs::TreeSummary summary;
    const git::TreeEntry* side = top_.find_directory(side_folder);
    if (side == nullptr) {
      summary = restore_plain();
    } else {
      summary = restore_exactly(Folder(store_, side->id));
    }
    const std::chrono::duration<double> seconds = Clock::now() - start;
    report(summary, "the repository", seconds.count(), log_);
  }

  /// The small files, metadata.json last: where it stands, the image is complete.
  void copy_files() {
    for (const char* name : small_files) top_.copy(name, path_of(name));
    top_.copy("metadata.json", path_of("metadata.json"));
    read_image_files(directory_);
  }

 private:
  std::string path_of(std::string_view name) const { return cat(directory_, "/", name); }

  rootfs::TreeSummary restore_exactly(const Folder& side) {
    const git::TreeEntry* listed = side.find_file("manifest.mtree");
    if (listed == nullptr) throw Error(cat(side_folder, "/ lacks manifest.mtree"));
    const git::TreeEntry* blobs = side.find_directory("blobs");
    const git::StoredBlob text = store_.find_blob(listed->id);
    const FetchedFiles fetched = fetch(large_files_of(text, limits_));
    CommitSource entries(store_, rootfs_->id, blobs == nullptr ? git::Oid{} : blobs->id, text,
                         fetched.contents);
    const rootfs::TreeSummary summary = write(entries);
    make_directory(path_of(side_folder));
    copy_stream(text, path_of(manifest_path));
    side.copy("image.json", path_of(".rootfs/image.json"));
    return summary;
  }

  rootfs::TreeSummary restore_plain() {
    log_.info(cat("no ", side_folder, "/: restored as a clone would, owned by root"));
    const auto objects = large_files_of(store_, git::tree_of_commit(text_), rootfs_->id, limits_);
    const FetchedFiles fetched = fetch(objects);
    ContentsByPath large;
    for (const lfs::Object& object : objects) {
      large.emplace(object.path, fetched.contents.at(object.oid));
    }
    PlainSource entries(store_, rootfs_->id, time_of_commit(text_), large);
    const rootfs::TreeSummary summary = write(entries);
    if (entries.submodules() > 0) {
      log_.warn(cat(entries.submodules(), " submodules became empty directories"));
    }
    return summary;
  }

  /// What git-lfs keeps, in a folder of its own among what comes in.
  FetchedFiles fetch(const std::vector<lfs::Object>& objects) {
    const std::string folder = path_of(cat(incoming, "/large"));
    make_directory(folder);
    return fetch_large(objects, source_, folder, limits_, log_);
  }

  rootfs::TreeSummary write(base::EntrySource& entries) {
    rootfs::Budget budget(limits_, 0);
    rootfs::Tree tree(path_of("rootfs"), log_);
    tree.set_budget(budget);
    tree.apply(entries);
    return tree.finish();
  }

  static void copy_stream(const git::StoredBlob& blob, const std::string& path) {
    base::OutputFile file(path);
    const auto stream = git::open_content(blob.content, blob.size);
    base::copy_all(*stream, file);
    file.publish();
  }

  const git::ObjectStore& store_;
  const GitSource& source_;
  const std::string& text_;
  Folder top_;
  const git::TreeEntry* rootfs_ = nullptr;
  const std::string& directory_;
  const rootfs::Limits& limits_;
  base::Log& log_;
};

void fetch(const GitSource& source, const git::Oid& commit, const std::string& directory,
           const rootfs::Limits& limits, base::Log& log) {
  const rootfs::TemporaryTree folder(cat(directory, "/", incoming));
  make_staging_directory(folder.path());
  git::ObjectStore store(folder.path());
  const auto remote = git::open_remote(source.remote, log);
  remote->fetch_commit(commit, cat("refs/heads/", source.branch), store);
  Restorer restorer(store, commit, source, directory, limits, log);
  restorer.restore();
  restorer.copy_files();
}

/// Puts an archive in the place of the image's directory.
void pack(const std::string& directory, base::Log& log) {
  const std::string metadata = cat(directory, "/metadata.json");
  const rootfs::TemporaryTree tree(directory + "/rootfs");
  const rootfs::TemporaryTree side(cat(directory, "/", side_folder));
  pack_rootfs(tree.path(), base::read_small_file(metadata, largest_file).value_or(""), directory,
              log);
  if (::unlink(metadata.c_str()) != 0) base::throw_errno("remove metadata.json");
}

std::string line_of(const std::string& path) {
  return std::string(base::trim(base::read_small_file(path, largest_file).value_or("")));
}

}  // namespace

StepResult get_commit(const GetRequest& request, const std::string& directory, base::Log& log) {
  const GitSource& source = *request.source.git;
  const std::string uri = git::display_uri(source.remote.uri);
  const auto commit = git::Oid::parse(request.version.ref);
  if (!commit) {
    throw Error(
        cat("version.ref: ", base::printable(request.version.ref), " is not the id of a commit"));
  }
  const Format format = request.params.format;
  if (format != Format::rootfs && format != Format::rootfs_tar) {
    throw Error(
        "params.format: a repository holds files, not layers; only rootfs and rootfs-tar can be "
        "had");
  }
  log.heading(cat("restoring the image of commit ", commit->short_hex(), " from ", uri, " branch ",
                  source.branch));
  StepResult result{{"", "", commit->hex()}, {}};
  clear_destination(directory);
  if (!request.params.skip_download) {
    try {
      fetch(source, *commit, directory, request.source.limits, log);
      if (format == Format::rootfs_tar) pack(directory, log);
    } catch (...) {
      clear_destination(directory);
      throw;
    }
    for (const char* name : {"repository", "tag", "digest"}) {
      if (auto text = line_of(cat(directory, "/", name)); !text.empty()) {
        result.metadata.emplace_back(name, std::move(text));
      }
    }
  }
  result.metadata.emplace_back("commit", commit->hex());
  result.metadata.emplace_back("branch", source.branch);
  result.metadata.emplace_back("uri", uri);
  return result;
}

}  // namespace resource
