#include <chrono>
#include <ctime>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/threads.hpp"
#include "git/publish.hpp"
#include "lfs/store.hpp"
#include "resource/image_files.hpp"
#include "resource/image_tree.hpp"
#include "resource/large_files.hpp"
#include "resource/put_report.hpp"
#include "resource/put_sources.hpp"
#include "resource/repository_files.hpp"
#include "resource/steps.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;
using Clock = std::chrono::steady_clock;

PutImage open_image(const PutRequest& request, const std::string& sources, base::Log& log) {
  if (request.params.image.empty() && request.source.image) {
    return open_registry_image(request.source, sources, log);
  }
  const PutInput input = find_put_input(sources, request.params.image);
  if (input.kind == PutInput::Kind::rootfs) return open_directory(input, request.source, log);
  return open_stored_image(input, request.source, sources, log);
}

void fill(Publication& publication, PutImage& image, const GitSource& source) {
  git::Snapshot& snapshot = publication.snapshot;
  add_image_tree(*image.entries, publication);
  image.entries.reset();
  add_repository_files(image.files, snapshot, publication.large.attributes());
  if (!source.lfs_url.empty() && !publication.large.uploads().empty()) {
    snapshot.add_file(".lfsconfig", lfs_config(source.lfs_url));
  }
}

/// Brings what git-lfs keeps to its server.
git::LeftAlone upload(const LargeFiles& large, const GitSource& source, base::Log& log) {
  const size_t count = large.uploads().size();
  if (count == 0) return git::LeftAlone::no;
  log.info(cat("git-lfs keeps ", base::counted(count, "file", "files"), ", ",
               base::human_size(large.bytes())));
  const auto store = lfs::open_store(lfs_options(source), log);
  const uint64_t sent = store->upload(large.uploads());
  log.info(sent == 0 ? "the LFS server has them already"
                     : cat("sent ", base::human_size(sent), " to the LFS server"));
  return git::LeftAlone::yes;
}

/// What put answers: the image where the source is an image, else the commit.
Version published_version(const Source& source, const ImageFiles& files, const git::Oid& commit) {
  if (!source.image) return {"", "", commit.hex()};
  return {files.tag.empty() ? source.image->tag : files.tag, files.digest, ""};
}

}  // namespace

StepResult put(const PutRequest& request, const std::string& directory, base::Log& log) {
  if (!request.source.git) throw Error("put needs source.git: the repository to publish to");
  const GitSource& source = *request.source.git;
  const std::string uri = git::display_uri(source.remote.uri);
  const auto start = Clock::now();
  const unsigned threads = base::worthwhile_threads();
  Publication publication(source.empty_directories, source.limits, threads);
  PutImage image = open_image(request, directory, log);
  ImageFiles& files = image.files;
  if (source.tmpdir_env) files.metadata = with_tmpdir(files.metadata);
  const std::string name = image_name(files);
  log.heading(cat("publishing ", name, " to ", uri, " branch ", source.branch));

  const auto remote = git::open_remote(source.remote, log);
  git::PublishRequest publish;
  publish.branch = source.branch;
  publish.author = source.author;
  publish.committer = source.committer;
  publish.time = std::time(nullptr);
  publish.message_prefix = source.message_prefix;
  publish.message = commit_message(files);
  publish.threads = threads;
  publish.max_push_size = source.limits.push;
  publish.before_push = [&] { return upload(publication.large, source, log); };
  const std::string task = cat("publish to ", uri, " branch ", source.branch);
  const std::string place = git::name_in_errors(source.remote.uri);
  const git::PublishResult result = base::with_subject(place, task, [&] {
    if (image.is_merged) {
      // Merged layers take memory, and so does all that comes next: not both at once.
      fill(publication, image, source);
    } else {
      publish.fill = [&] { fill(publication, image, source); };
    }
    git::PublishResult done = git::publish(*remote, publication.snapshot, publish, log);
    // The branch may have come here alone, as mirrors copy it.
    if (done.unchanged) upload(publication.large, source, log);
    return done;
  });
  const std::chrono::duration<double> seconds = Clock::now() - start;

  report_published(publication.snapshot.summary(), files.user, log);
  if (!result.unchanged) warn_of_replaced(result.names_before, source.branch, log);
  if (result.unchanged) {
    log.heading(cat("unchanged: commit ", result.commit.short_hex(), " has this image already"));
  } else {
    log.heading(cat("published as commit ", result.commit.short_hex(), " in ",
                    base::human_seconds(seconds.count())));
  }
  Metadata metadata = identity_fields(files);
  metadata.emplace_back("commit", result.commit.hex());
  metadata.emplace_back("branch", source.branch);
  metadata.emplace_back("uri", uri);
  return {published_version(request.source, files, result.commit), metadata};
}

}  // namespace resource
