#include "resource/repository_files.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "resource/assets.hpp"
#include "resource/image_tree.hpp"

namespace resource {
namespace {

using base::cat;

/// Names come from files that anyone may have written.
std::string harmless(std::string_view text) {
  constexpr std::string_view marks = "[<]>`";
  constexpr std::string_view instead = "(())'";
  std::string out = base::printable(text);
  for (char& c : out) {
    if (const size_t mark = marks.find(c); mark != marks.npos) c = instead[mark];
  }
  return out;
}

}  // namespace

std::string image_name(const ImageFiles& files) {
  if (files.repository.empty()) return "an image";
  return files.tag.empty() ? files.repository : cat(files.repository, ":", files.tag);
}

void add_repository_files(const ImageFiles& files, git::Snapshot& snapshot,
                          std::string_view attributes) {
  std::string readme(assets::repository_readme);
  base::replace_all(readme, "@IMAGE@", harmless(image_name(files)));
  base::replace_all(readme, "@DIGEST@", files.digest.empty() ? "unknown" : harmless(files.digest));
  snapshot.add_file("README.md", readme);
  snapshot.add_file(".gitattributes", cat(assets::repository_gitattributes, attributes));
  snapshot.add_file(std::string(hook_path), std::string(assets::post_checkout),
                    git::mode_executable);
  snapshot.add_file("metadata.json", files.metadata);
  snapshot.add_file("labels.json", files.labels);
  if (!files.repository.empty()) snapshot.add_file("repository", files.repository);
  if (!files.tag.empty()) snapshot.add_file("tag", files.tag);
  if (!files.digest.empty()) snapshot.add_file("digest", files.digest);
  snapshot.add_file(
      ".rootfs/image.json",
      files.provenance.empty()
          ? encode_provenance({files.repository, files.tag, files.digest, {}, {}, {}, {}})
          : files.provenance);
}

bool is_own_name(std::string_view name) {
  constexpr std::array<std::string_view, 10> own = {
      "README.md", ".gitattributes", ".lfsconfig", "metadata.json", "labels.json", "repository",
      "tag",       "digest",         "rootfs",     side_folder};
  return std::find(own.begin(), own.end(), name) != own.end();
}

std::string commit_message(const ImageFiles& files) {
  const std::string name = harmless(image_name(files));
  return cat("Publish ", name, "\n\nImage: ", name,
             "\nDigest: ", files.digest.empty() ? "unknown" : harmless(files.digest), "\n");
}

}  // namespace resource
