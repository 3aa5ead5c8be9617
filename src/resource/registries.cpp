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
  log.warn(cat(reason, "; asking the origin instead"));
  return reason;
}

}  // namespace

void with_registry(const ImageSource& image, registry::OnPullLimit on_pull_limit, base::Log& log,
                   const std::function<bool(registry::Client& client)>& use) {
  std::optional<std::string> mirror_failure;
  if (image.mirror) {
    mirror_failure = try_mirror(*image.mirror, log, use);
    if (!mirror_failure) return;
  }
  registry::Options options = image.registry;
  options.patience.on_pull_limit = on_pull_limit;
  try {
    registry::Client client(image.reference, options, log);
    use(client);
  } catch (base::Error& error) {
    if (mirror_failure) error.add_context(cat(*mirror_failure, "; then the origin"));
    throw;
  }
}

}  // namespace resource
