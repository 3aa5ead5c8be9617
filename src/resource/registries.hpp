#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "registry/client.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// Calls `use` for the registry that has the image: first for the mirror, where there is one. When
/// that throws or answers false (not found), a warning tells why and the origin comes next, so that
/// `use` must start from a clean state each time. When both throw, the Error has both reasons.
void with_registry(const ImageSource& image, registry::OnPullLimit on_pull_limit, base::Log& log,
                   const std::function<bool(registry::Client& client)>& use);

/// Logs that a mirror is asked first, and which, where there is one.
void tell_mirror(const ImageSource& image, base::Log& log);

/// The repository's name for files and metadata: as the user wrote it, but with the host of
/// Amazon's registry, which often only the login tells.
std::string repository_name(const ImageSource& image, const registry::Client& client);
/// Whether repository_name() may have given `name`.
bool is_repository_of(const ImageSource& image, std::string_view name);

}  // namespace resource
