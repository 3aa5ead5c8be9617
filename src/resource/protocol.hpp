#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "git/object.hpp"
#include "git/snapshot.hpp"
#include "git/transport.hpp"
#include "lfs/access.hpp"
#include "oci/image.hpp"
#include "oci/reference.hpp"
#include "registry/acr.hpp"
#include "registry/client.hpp"
#include "registry/ecr.hpp"
#include "resource/metadata_fields.hpp"
#include "resource/size_limits.hpp"
#include "resource/tag_rules.hpp"
#include "rootfs/limits.hpp"

namespace resource {

/// `source.git`: the repository that put publishes to and, where source has no other image, check
/// and get read.
struct GitSource {
  git::RemoteOptions remote;
  std::string branch;
  git::Identity author;
  git::Identity committer;
  std::string message_prefix;  ///< Of every commit; "" or one line.
  git::EmptyDirectory empty_directories = git::EmptyDirectory::keep;
  bool tmpdir_env = false;  ///< Adds TMPDIR=/dev/shm to what metadata.json says.
  SizeLimits limits;
  std::string lfs_url;  ///< Of the LFS server; "" for the one that belongs to the repository.
};

/// What it takes to reach the large files of a branch.
lfs::Options lfs_options(const GitSource& source);

/// An image's name at one registry and how to ask there.
struct RegistryPlace {
  oci::Reference reference;
  registry::Options options;
};

/// `source.repository` and what belongs to it.
struct ImageSource {
  std::string repository;  ///< As the user wrote it; goes into files and metadata.
  oci::Reference reference;
  TagRules rules;
  std::string tag;  ///< With other rules than SingleTag: for an image that does not tell its tag.
  registry::Options registry;
  std::optional<registry::EcrOptions> ecr;  ///< The repository is in Amazon's registry.
  std::optional<registry::AcrOptions> acr;  ///< The repository is in Microsoft's registry.
  std::optional<RegistryPlace> mirror;      ///< Asked first; only for images of Docker Hub.
  FieldRules fields;
};

/// `source`: an image in a registry, an image in a git repository, or both (mirroring).
struct Source {
  std::optional<ImageSource> image;
  std::optional<GitSource> git;
  oci::Platform platform;
  rootfs::Limits limits;  ///< Of what is unpacked or merged.
  base::Log::Debug debug = base::Log::Debug::no;
};

/// A version as Concourse keeps it: {tag, digest} of an image or {ref} of a commit.
struct Version {
  std::string tag;
  std::string digest;
  std::string ref;
};

/// What a get makes of an image.
enum class Format { rootfs, rootfs_tar, oci, oci_layout };

struct GetParams {
  Format format = Format::rootfs;
  bool skip_download = false;
  std::optional<oci::Platform> platform;
};

struct PutParams {
  std::string image;  ///< Directory or file below the sources, or a pattern; see find_put_input().
};

struct CheckRequest {
  Source source;
  std::optional<Version> version;
};

struct GetRequest {
  Source source;
  Version version;
  GetParams params;
};

struct PutRequest {
  Source source;
  PutParams params;
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

/// What get and put answer.
struct StepResult {
  Version version;
  Metadata metadata;
};

/// Parse a request. Unknown keys are refused at every level; absent, null and {} mean the same.
/// Every secret found is registered with `log` before anything can fail.
CheckRequest parse_check_request(std::string_view json, base::Log& log);
GetRequest parse_get_request(std::string_view json, base::Log& log);
PutRequest parse_put_request(std::string_view json, base::Log& log);

std::string encode(const std::vector<Version>& versions);
std::string encode(const StepResult& result);

}  // namespace resource
