#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "resource/destination.hpp"
#include "resource/get_commit.hpp"
#include "resource/get_formats.hpp"
#include "resource/image_files.hpp"
#include "resource/layers.hpp"
#include "resource/metadata_fields.hpp"
#include "resource/registries.hpp"
#include "resource/steps.hpp"
#include "rootfs/tree.hpp"

namespace resource {
namespace {

using base::cat;

/// The name that registry-image-resource gives an image in an archive, after the library it uses.
std::string archive_name(const oci::Reference& reference, const std::string& tag) {
  const std::string host = reference.is_docker_hub() ? "index.docker.io" : reference.registry;
  return cat(host, "/", reference.repository, ":", tag);
}

/// Leaves the image in the format asked for, and labels.json where the format has it. The image
/// that was chosen, unless the format is of all of them.
std::optional<registry::Image> save(Format format, const Download& download,
                                    const std::string& name) {
  std::optional<registry::Image> image;
  switch (format) {
    case Format::rootfs:
      image = get_rootfs(download);
      break;
    case Format::rootfs_tar:
      image = get_rootfs_tar(download);
      break;
    case Format::oci:
      image = get_image_archive(download, name);
      break;
    case Format::oci_layout:
      get_layout(download);
      return std::nullopt;
  }
  base::write_file(download.directory + "/labels.json", encode_labels(image->config.labels));
  return image;
}

/// What to do about an image that is gone, as registries tidy up what no tag is on.
base::Error gone(const registry::StatusError& error) {
  return base::Error(cat(error.what(),
                         "; it is gone since it was found, or never was there: check ",
                         "the resource again for the versions there are now"));
}

/// What the registry gave.
struct Found {
  std::string repository;                  ///< See repository_name().
  std::optional<registry::Image> image{};  ///< When the answer or a file says something of it.
};

/// Downloads what the request asks for. The image is the one that serves the platform.
Found download(const GetRequest& request, const ImageSource& source, const Version& version,
               const std::string& directory, base::Log& log) {
  const GetParams& params = request.params;
  Found found{source.repository};
  if (params.skip_download && !source.fields.any()) return found;
  const oci::Digest digest = oci::Digest::parse(version.digest);
  const oci::Platform platform = params.platform.value_or(request.source.platform);
  tell_mirror(source, log);
  with_registry(source, registry::OnPullLimit::wait, log, [&](registry::Client& client) {
    clear_destination(directory);
    found = {repository_name(source, client)};
    if (!params.skip_download) {
      const oci::Reference& name = source.ecr ? client.reference() : source.reference;
      found.image =
          save(params.format, {client, digest, platform, directory, request.source.limits, log},
               archive_name(name, version.tag));
    }
    if (!found.image && source.fields.any()) found.image = client.fetch_image(digest, platform);
    return true;
  });
  return found;
}

}  // namespace

StepResult get(const GetRequest& request, const std::string& directory, base::Log& log) {
  if (!request.source.image) return get_commit(request, directory, log);
  const ImageSource& source = *request.source.image;
  const oci::Digest digest = base::with_context(
      "version.digest", [&] { return oci::Digest::parse(request.version.digest); });
  const std::string tag = request.version.tag.empty() ? source.tag : request.version.tag;
  log.heading(cat(request.params.skip_download ? "not pulling (skip_download) " : "pulling ",
                  source.repository, ":", tag, "@", digest.short_text()));

  StepResult result{{tag, digest.text(), ""}, {}};
  clear_destination(directory);
  try {
    const auto [repository, image] =
        base::with_subject(source.repository, cat(source.repository, ":", tag), [&] {
          try {
            return download(request, source, result.version, directory, log);
          } catch (const registry::StatusError& error) {
            if (error.status() == 404) throw gone(error);
            throw;
          }
        });
    result.metadata = {{"repository", repository}, {"tag", tag}};
    if (image) {
      for (auto& field : chosen_fields(source.fields, *image)) {
        result.metadata.push_back(std::move(field));
      }
    }
    base::write_file(directory + "/repository", repository);
    base::write_file(directory + "/tag", tag);
    base::write_file(directory + "/digest", digest.text());
    if (image && !request.params.skip_download && request.params.format == Format::rootfs) {
      base::write_file(directory + "/.rootfs/image.json",
                       encode_provenance(provenance_of(*image, {repository, tag, digest.text()})));
      base::write_file(directory + "/metadata.json", encode_metadata(image->config));
    }
  } catch (...) {
    clear_after_failure(directory, log);
    throw;
  }
  return result;
}

}  // namespace resource
