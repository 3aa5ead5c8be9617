#pragma once
#include <string>
#include <string_view>

#include "git/snapshot.hpp"
#include "resource/image_files.hpp"

namespace resource {

/// "repository:tag" for people, or "an image" when neither is known.
std::string image_name(const ImageFiles& files);

/// Adds what stands beside rootfs/ in a repository: the image's own files, README.md and
/// .gitattributes. Depends on the image alone, so that the same image gives the same tree
/// everywhere. `attributes` are further lines for .gitattributes.
void add_repository_files(const ImageFiles& files, git::Snapshot& snapshot,
                          std::string_view attributes = "");

/// Whether `name` is one of those that a put has at the top of a repository, rootfs/ among them.
bool is_own_name(std::string_view name);

/// Names the image and its digest; never holds what the stock git resource takes for [ci skip].
std::string commit_message(const ImageFiles& files);

}  // namespace resource
