#include "resource/get_commit.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <chrono>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/run_both.hpp"
#include "base/text.hpp"
#include "git/object_store.hpp"
#include "git/remote.hpp"
#include "http/backoff.hpp"
#include "resource/bounded_sink.hpp"
#include "resource/destination.hpp"
#include "resource/get_formats.hpp"
#include "resource/image_files.hpp"
#include "resource/image_tree.hpp"
#include "resource/repository_files.hpp"
#include "resource/restore_image.hpp"
#include "rootfs/temporary_tree.hpp"
#include "rootfs/tree.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;

constexpr uint64_t largest_file = 16 * 1024 * 1024;
constexpr int most_attempts = 3;  ///< At a connection that is cut while the image comes.
constexpr std::chrono::seconds pause_after_cut{1};

/// A directory for files that move into the image: nothing is to be passed on to them.
void make_staging_directory(const std::string& path) {
  base::make_directory(path);
  // Without a setgid bit, whatever the directory above has.
  if (::chmod(path.c_str(), 0700) != 0) {
    base::throw_errno(cat("set the mode of ", base::printable(path)));
  }
  ::removexattr(path.c_str(), "system.posix_acl_default");
}

/// Fetches the commit into `folder` and writes its image at the same time.
void fetch_into(const std::string& folder, const GitSource& source, const git::Oid& commit,
                const std::string& directory, const rootfs::Limits& limits, base::Log& log) {
  const auto start = std::chrono::steady_clock::now();
  git::ObjectStore store(folder);
  const ImageInCommit image{store, commit, source, directory, folder, limits, log};
  rootfs::Budget budget(limits, 0);
  // Outlives the fetch, which may still read what was moved into it.
  rootfs::Tree tree(cat(directory, "/rootfs"), log);
  tree.set_budget(budget);
  const auto fetch_objects = [&] {
    const auto remote = git::open_remote(source.remote, log);
    rootfs::Budget of_objects(limits, 0);
    BoundedSink bounded(store, of_objects);
    remote->fetch_commit(commit, cat("refs/heads/", source.branch), bounded);
    store.complete();
  };
  base::run_both(fetch_objects, [&] { restore_rootfs(image, tree); });
  const rootfs::TreeSummary summary = finish_image(image, tree);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  report(summary, "the repository", seconds.count(), log);
}

/// Fetches the commit; nothing but its image stays.
void fetch(const GitSource& source, const git::Oid& commit, const std::string& directory,
           const rootfs::Limits& limits, base::Log& log) {
  rootfs::TemporaryTree folder(cat(directory, "/.incoming"));
  make_staging_directory(folder.path());
  // Until this is over, a thread may still write what the image did not need.
  fetch_into(folder.path(), source, commit, directory, limits, log);
  folder.remove();
}

/// Does so again when the connection is cut: a server cannot send the rest of a commit.
void fetch_patiently(const GitSource& source, const git::Oid& commit, const std::string& directory,
                     const rootfs::Limits& limits, base::Log& log) {
  for (int attempt = 1;; ++attempt) {
    try {
      return fetch(source, commit, directory, limits, log);
    } catch (git::FetchBroken& error) {
      if (attempt == most_attempts) {
        error.add_context(cat("after ", attempt, " attempts"));
        throw;
      }
      log.info(cat(error.what(), "; beginning again"));
    }
    clear_destination(directory);
    http::pause(attempt * pause_after_cut);
  }
}

/// Puts an archive in the place of the image's directory.
void pack(const std::string& directory, base::Log& log) {
  const std::string metadata = cat(directory, "/metadata.json");
  rootfs::TemporaryTree tree(directory + "/rootfs");
  rootfs::TemporaryTree side(cat(directory, "/", side_folder));
  pack_rootfs(tree.path(), base::read_small_file(metadata, largest_file).value_or(""), directory,
              log);
  if (::unlink(metadata.c_str()) != 0) base::throw_errno("remove metadata.json");
  tree.remove();
  side.remove();
}

/// What the files beside the image say it is.
Metadata identity_of(const std::string& directory, base::Log& log) {
  ImageFiles files;
  read_image_identity(directory, files);
  if (!files.repository.empty()) log.info(cat("the image is ", base::excerpt(image_name(files))));
  return identity_fields(files);
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
  log.heading(cat(request.params.skip_download ? "not restoring (skip_download) " : "restoring ",
                  "the image of commit ", commit->short_hex(), " from ", uri, " branch ",
                  source.branch));
  StepResult result{{"", "", commit->hex()}, {}};
  clear_destination(directory);
  if (!request.params.skip_download) {
    try {
      const std::string subject = cat(uri, " commit ", commit->short_hex());
      base::with_subject(git::name_in_errors(source.remote.uri), subject, [&] {
        fetch_patiently(source, *commit, directory, request.source.limits, log);
        if (format == Format::rootfs_tar) pack(directory, log);
        result.metadata = identity_of(directory, log);
      });
    } catch (...) {
      clear_after_failure(directory, log);
      throw;
    }
  }
  result.metadata.emplace_back("commit", commit->hex());
  result.metadata.emplace_back("branch", source.branch);
  result.metadata.emplace_back("uri", uri);
  return result;
}

}  // namespace resource
