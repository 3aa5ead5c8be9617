#include "resource/registries.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace resource {
namespace {

using base::cat;

/// What went wrong at the mirror; nothing when it served.
std::optional<std::string> try_mirror(const RegistryPlace& mirror, base::Log& log,
                                      const std::function<bool(registry::Client&)>& use) {
  const std::string name = cat("mirror ", mirror.reference.name());
  std::string reason;
  try {
    registry::Client client(mirror.reference, mirror.options, log);
    if (use(client)) return std::nullopt;
    reason = cat(name, ": not found");
  } catch (const base::Error& error) {
    // Whatever it is, even a refused password: a mirror is there to help, not to be depended on.
    reason = cat(name, ": ", error.what());
  }
  log.warn(cat(reason, "; asking Docker Hub instead"));
  return reason;
}

/// The image at its origin, where a cloud's registry needs a login that is fetched first.
RegistryPlace origin_of(const ImageSource& image, base::Log& log) {
  RegistryPlace origin{image.reference, image.registry};
  if (image.acr) {
    const http::Url home = http::Url::parse(cat("https://", image.reference.wire_host(), "/"));
    origin.options.credentials = registry::log_in_to_acr(*image.acr, home, image.registry.http,
                                                         image.registry.patience, log);
  }
  if (!image.ecr) return origin;
  registry::CloudLogin login =
      registry::log_in_to_ecr(*image.ecr, image.registry.http, image.registry.patience, log);
  // The repository is named without a host, unless somebody has written it with its own.
  if (image.reference.is_docker_hub()) {
    origin.reference = oci::Reference::parse(cat(login.host, "/", image.repository));
  }
  origin.options.credentials = std::move(login.credentials);
  return origin;
}

}  // namespace

void with_registry(const ImageSource& image, registry::OnPullLimit on_pull_limit, base::Log& log,
                   const std::function<bool(registry::Client& client)>& use) {
  std::optional<std::string> mirror_failure;
  if (image.mirror) {
    mirror_failure = try_mirror(*image.mirror, log, use);
    if (!mirror_failure) return;
  }
  try {
    RegistryPlace origin = origin_of(image, log);
    origin.options.patience.on_pull_limit = on_pull_limit;
    registry::Client client(origin.reference, origin.options, log);
    use(client);
  } catch (base::Error& error) {
    if (mirror_failure) error.add_context(cat(*mirror_failure, "; then Docker Hub"));
    throw;
  }
}

void tell_mirror(const ImageSource& image, base::Log& log) {
  if (image.mirror) log.info(cat("asking the mirror ", image.mirror->reference.name(), " first"));
}

std::string repository_name(const ImageSource& image, const registry::Client& client) {
  return image.ecr ? client.reference().name() : image.repository;
}

bool is_repository_of(const ImageSource& image, std::string_view name) {
  return name == image.repository || (image.ecr && name.ends_with(cat("/", image.repository)));
}

}  // namespace resource
