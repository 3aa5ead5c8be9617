#include <chrono>
#include <ctime>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/publish.hpp"
#include "resource/image_files.hpp"
#include "resource/put_report.hpp"
#include "resource/put_sources.hpp"
#include "resource/repository_files.hpp"
#include "resource/steps.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;
using Clock = std::chrono::steady_clock;

ImageFiles add_image(const PutRequest& request, const std::string& sources, git::Snapshot& snapshot,
                     base::Log& log) {
  if (request.params.image.empty() && request.source.image) {
    return add_image_of_registry(request.source, sources, snapshot, log);
  }
  const PutInput input = find_put_input(sources, request.params.image);
  if (input.kind == PutInput::Kind::rootfs) {
    return add_image_of_directory(input, request.source, snapshot, log);
  }
  return add_stored_image(input, request.source, sources, snapshot, log);
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
  git::Snapshot snapshot(source.empty_directories);
  ImageFiles files = add_image(request, directory, snapshot, log);
  if (source.tmpdir_env) files.metadata = with_tmpdir(files.metadata);
  add_repository_files(files, snapshot);
  const std::string name = image_name(files);
  log.heading(cat("publishing ", name, " to ", uri, " branch ", source.branch));

  const auto remote = git::open_remote(source.remote, log);
  git::PublishRequest publish;
  publish.branch = source.branch;
  publish.author = source.author;
  publish.committer = source.committer;
  publish.time = std::time(nullptr);
  publish.message = commit_message(files);
  publish.threads = std::max(2U, std::thread::hardware_concurrency());
  publish.max_push_size = source.limits.push;
  publish.pause = git::pause_before_retry;
  const git::PublishResult result = git::publish(*remote, snapshot, publish, log);
  const std::chrono::duration<double> seconds = Clock::now() - start;

  report_published(snapshot.summary(), files.user, log);
  if (result.unchanged) {
    log.heading(cat("unchanged: commit ", result.commit.short_hex(), " has this image already"));
  } else {
    log.heading(cat("published as commit ", result.commit.short_hex(), " in ",
                    base::human_seconds(seconds.count())));
  }
  Metadata metadata = {{"image", name}};
  if (!files.digest.empty()) metadata.emplace_back("digest", files.digest);
  metadata.emplace_back("commit", result.commit.hex());
  metadata.emplace_back("branch", source.branch);
  metadata.emplace_back("uri", uri);
  return {published_version(request.source, files, result.commit), metadata};
}

}  // namespace resource
