#include <chrono>
#include <ctime>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/publish.hpp"
#include "resource/image_files.hpp"
#include "resource/put_sources.hpp"
#include "resource/repository_files.hpp"
#include "resource/steps.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;
using Clock = std::chrono::steady_clock;

constexpr size_t most_listed = 20;
constexpr size_t most_name = 200;  ///< Of one listed path, in bytes.

std::string counted(uint64_t number, std::string_view one, std::string_view many) {
  return cat(base::with_commas(number), ' ', number == 1 ? one : many);
}

void warn_about_refused(const git::SnapshotSummary& sum, base::Log& log) {
  const auto& refused = sum.refused;
  if (refused.empty()) return;
  log.warn(cat(
      "left out ", counted(refused.size(), "entry", "entries"),
      sum.below_refused > 0 ? cat(" (and ", base::with_commas(sum.below_refused), " below)") : "",
      " with names that git servers or checkouts refuse:"));
  for (size_t i = 0; i < refused.size() && i < most_listed; ++i) {
    const bool is_short = refused[i].size() <= most_name;
    log.warn(cat("  ", is_short ? refused[i] : refused[i].substr(0, most_name) + "..."));
  }
  if (refused.size() > most_listed) {
    log.warn(cat("  and ", base::with_commas(refused.size() - most_listed), " more"));
  }
}

struct Count {
  uint64_t number;
  const char* one;
  const char* many;
};

/// "2 device nodes, 1 FIFO", or "" when there is nothing.
std::string list(std::initializer_list<Count> counts) {
  std::string text;
  for (const auto& [number, one, many] : counts) {
    if (number > 0) text += cat(text.empty() ? "" : ", ", counted(number, one, many));
  }
  return text;
}

void summarise(const git::SnapshotSummary& sum, base::Log& log) {
  log.info(cat("image: ", counted(sum.files, "file", "files"), " (", base::human_size(sum.bytes),
               "), ", counted(sum.directories, "directory", "directories"), ", ",
               counted(sum.symlinks, "symlink", "symlinks")));
  if (const auto out = list({{sum.devices, "device node", "device nodes"},
                             {sum.below_dev, "entry below dev/", "entries below dev/"},
                             {sum.fifos, "FIFO", "FIFOs"},
                             {sum.sockets, "socket", "sockets"}});
      !out.empty()) {
    log.info(cat("left out, git cannot hold it or Concourse makes its own: ", out));
  }
  if (const auto lost =
          list({{sum.owners, "owner other than root", "owners other than root"},
                {sum.permissions, "permission other than 755 and 644",
                 "permissions other than 755 and 644"},
                {sum.setuid, "setuid bit", "setuid bits"},
                {sum.setgid, "setgid bit", "setgid bits"},
                {sum.sticky, "sticky bit", "sticky bits"},
                {sum.capabilities, "file capability", "file capabilities"},
                {sum.xattrs, "other extended attribute", "other extended attributes"},
                {sum.hardlinks, "hard link (becomes a copy)", "hard links (become copies)"}});
      !lost.empty()) {
    log.info(cat("a clone with stock git will not have: ", lost));
  }
  if (sum.placeholders > 0) {
    log.info(counted(sum.placeholders, "empty directory is kept with a file .keep",
                     "empty directories are kept with a file .keep"));
  }
  warn_about_refused(sum, log);
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
  git::Snapshot snapshot;
  const ImageFiles files = request.params.image.empty() && request.source.image
                               ? add_image_of_registry(request.source, directory, snapshot, log)
                               : add_image_of_directory(request, directory, snapshot, log);
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
  publish.pause = git::pause_before_retry;
  const git::PublishResult result = git::publish(*remote, snapshot, publish, log);
  const std::chrono::duration<double> seconds = Clock::now() - start;

  summarise(snapshot.summary(), log);
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
