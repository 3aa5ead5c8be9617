#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "resource/get_formats.hpp"
#include "resource/image_files.hpp"
#include "resource/registries.hpp"
#include "resource/steps.hpp"
#include "rootfs/tree.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;

/// Whatever an interrupted attempt left must not be mixed with what comes now.
void clear(const std::string& directory) {
  if (::unlink((directory + "/metadata.json").c_str()) != 0 && errno != ENOENT) {
    base::throw_errno(cat("remove ", base::printable(directory), "/metadata.json"));
  }
  rootfs::remove_tree(directory + "/rootfs");
}

}  // namespace

StepResult get(const GetRequest& request, const std::string& directory, base::Log& log) {
  if (!request.source.image) {
    throw Error(
        "get needs source.repository; an image in a git repository is fetched with the stock "
        "type: git (after a put, set no_get: true)");
  }
  const ImageSource& source = *request.source.image;
  const oci::Digest digest = base::with_context(
      "version.digest", [&] { return oci::Digest::parse(request.version.digest); });
  const std::string tag = request.version.tag.empty() ? source.tag : request.version.tag;
  log.heading(cat("pulling ", source.repository, ":", tag, "@", digest.short_text()));

  clear(directory);
  std::optional<registry::Image> image;
  if (!request.params.skip_download) {
    const oci::Platform platform = request.params.platform.value_or(request.source.platform);
    with_registry(source, registry::OnPullLimit::wait, log, [&](registry::Client& client) {
      clear(directory);
      image = get_rootfs({client, digest, platform, directory, log});
      return true;
    });
  }
  try {
    base::write_file(directory + "/repository", source.repository);
    base::write_file(directory + "/tag", tag);
    base::write_file(directory + "/digest", digest.text());
    if (image) {
      base::write_file(directory + "/labels.json", encode_labels(image->config.labels));
      base::write_file(directory + "/metadata.json", encode_metadata(image->config));
    }
  } catch (const Error&) {
    rootfs::remove_tree(directory + "/rootfs");
    throw;
  }
  return {{tag, digest.text(), ""}, {{"repository", source.repository}, {"tag", tag}}};
}

}  // namespace resource
