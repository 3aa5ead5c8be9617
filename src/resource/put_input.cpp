#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "base/error.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "resource/put_sources.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;

constexpr size_t most_listed = 12;

enum class Kind { nothing, directory, file, other };

/// A link would publish whatever it points at; Concourse refuses one as a rootfs, too.
Kind kind_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == EACCES || errno == EIO || errno == ESTALE) {
      base::throw_errno(cat("look at ", base::printable(path)));
    }
    return Kind::nothing;
  }
  if (S_ISDIR(status.st_mode)) return Kind::directory;
  return S_ISREG(status.st_mode) ? Kind::file : Kind::other;
}

bool is_layout(const std::string& directory) {
  return kind_of(directory + "/oci-layout") == Kind::file &&
         kind_of(directory + "/index.json") == Kind::file;
}

/// "a, b/, c and 3 more", or "nothing".
std::string listing(const std::string& directory) {
  const base::Handle<DIR, ::closedir> stream(::opendir(directory.c_str()));
  if (!stream) base::throw_errno(cat("list ", base::printable(directory)));
  std::set<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    names.insert(name + (kind_of(cat(directory, '/', name)) == Kind::directory ? "/" : ""));
  }
  std::string list;
  size_t count = 0;
  for (const std::string& name : names) {
    if (++count > most_listed) break;
    base::append_item(list, ", ", base::printable(name));
  }
  if (names.size() > most_listed) list += cat(" and ", names.size() - most_listed, " more");
  return list.empty() ? "nothing" : list;
}

void check_name(const std::string& image) {
  if (image.empty()) {
    throw Error("params.image is missing: the image to publish, such as the name of a get step");
  }
  if (image.find('\0') != image.npos) {
    throw Error(cat("params.image: ", base::printable(image), " is no name: a zero byte is in it"));
  }
  for (const std::string_view part : base::split(image, '/')) {
    if (part == "..")
      throw Error(cat("params.image: ", base::printable(image), " leaves the inputs"));
  }
  if (image.starts_with('/')) {
    throw Error(cat("params.image: ", base::printable(image), " must be relative"));
  }
}

/// What a pattern names, as registry-image takes one. What is there under that very name is itself.
std::string expand(const std::string& sources, const std::string& image) {
  constexpr std::string_view special = "*?[";
  if (image.find_first_of(special) == image.npos) return image;
  if (kind_of(cat(sources, '/', image)) != Kind::nothing) return image;
  std::string pattern;
  for (const char c : sources) {
    if (c == '\\' || special.find(c) != special.npos) pattern += '\\';
    pattern += c;
  }
  pattern += cat('/', image);
  glob_t found{};
  const base::Handle<glob_t, ::globfree> handle(&found);
  if (::glob(pattern.c_str(), 0, nullptr, &found) != 0) return image;
  const auto name = [&](size_t at) {
    return std::string(found.gl_pathv[at]).substr(sources.size() + 1);
  };
  if (found.gl_pathc > 1) {
    throw Error(cat("params.image: ", base::printable(image), " matches ", found.gl_pathc,
                    " names, among them ", base::printable(name(0)), " and ",
                    base::printable(name(1)), "; it must match one"));
  }
  check_name(name(0));
  return name(0);
}

/// A link in an input may lead to another place of it, but not to another input, say, which its
/// maker may not read.
void refuse_way_out(const std::string& sources, const std::string& image) {
  std::string input = sources;
  for (const std::string_view part : base::split(image, '/')) {
    if (part.empty() || part == ".") continue;
    input += cat('/', part);
    break;
  }
  std::error_code error;
  const auto top = std::filesystem::canonical(input, error);
  const auto real = std::filesystem::canonical(cat(sources, '/', image), error);
  const bool inside =
      !error && std::mismatch(top.begin(), top.end(), real.begin(), real.end()).first == top.end();
  if (inside) return;
  throw Error(cat("params.image: a symbolic link in ", base::printable(image),
                  " leads out of the input, or cannot be followed"));
}

/// The directory an input lies in, unless that is the one all inputs lie in.
std::string parent_of(const std::string& sources, const std::string& image) {
  const std::string_view directory = base::split_path(image).directory;
  return directory.empty() ? "" : cat(sources, '/', directory);
}

}  // namespace

PutInput find_put_input(const std::string& sources, const std::string& given) {
  check_name(given);
  const std::string image = expand(sources, given.substr(0, given.find_last_not_of('/') + 1));
  const std::string path = cat(sources, '/', image);
  const std::string name = base::printable(image);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (kind_of(path) != Kind::nothing) refuse_way_out(sources, image);
    throw Error(cat("params.image: there is no ", name,
                    " among the inputs; is it the name of an earlier get or task output?"));
  }
  refuse_way_out(sources, image);
  if (S_ISREG(status.st_mode)) {
    return {PutInput::Kind::archive, path, parent_of(sources, image)};
  }
  if (!S_ISDIR(status.st_mode)) {
    throw Error(cat("params.image: ", name, " is neither a directory nor a file"));
  }
  if (kind_of(path + "/rootfs") == Kind::directory) return {PutInput::Kind::rootfs, path, path};
  if (is_layout(path)) return {PutInput::Kind::layout, path, parent_of(sources, image)};
  if (is_layout(path + "/oci")) {
    refuse_way_out(sources, image + "/oci");
    return {PutInput::Kind::layout, path + "/oci", path};
  }
  const std::string archive = path + "/image.tar";
  if (const Kind kind = kind_of(archive); kind == Kind::file || kind == Kind::other) {
    refuse_way_out(sources, image + "/image.tar");
    if (std::filesystem::is_regular_file(archive)) return {PutInput::Kind::archive, archive, path};
  }
  if (kind_of(path + "/manifest.json") == Kind::file && kind_of(path + "/version") == Kind::file) {
    throw Error(cat("params.image: ", name, " is in the form dir: of skopeo and podman, which put ",
                    "does not know; turn it into a layout: skopeo copy dir:SOURCE oci:DIRECTORY"));
  }
  throw Error(
      cat("params.image: ", name, " holds no image that put knows: neither a directory ",
          "rootfs nor a layout (oci-layout and index.json, here or in oci/) nor a file ",
          "image.tar; an archive of another name must be named itself. There is: ", listing(path)));
}

}  // namespace resource
