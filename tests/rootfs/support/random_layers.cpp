#include "rootfs/support/random_layers.hpp"

namespace {

const char* const directory_names[] = {"d0", "d1", "d2"};
const char* const leaf_names[] = {"f0", "f1", "f2", "d0"};
const char* const link_names[] = {"l0", "l1"};

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool is_below(const std::string& path, const std::string& directory) {
  return directory.empty() || path.starts_with(directory + "/");
}

}  // namespace

std::vector<std::string> RandomLayers::stack() {
  std::vector<std::string> layers;
  const size_t count = 2 + pick(3);
  for (size_t i = 0; i < count; ++i) layers.push_back(layer(8 + pick(20)));
  return layers;
}

std::string RandomLayers::layer(size_t entries) {
  own_.clear();
  TarBuilder tar;
  for (size_t i = 0; i < entries; ++i) {
    if (pick(4) == 0) {
      hide(tar, random_path());
    } else {
      add(tar, random_path());
    }
  }
  return tar.finish();
}

TarBuilder::Attributes RandomLayers::attributes(Kind kind) {
  static const unsigned modes[] = {0644, 0755, 0600, 04755, 02711, 01777, 0440, 0};
  TarBuilder::Attributes with;
  with.mode = kind == Kind::symlink ? 0777 : modes[pick(8)];
  // Umoci lets directories that are only implied inherit the setgid bit and the group.
  if (kind == Kind::directory) with.mode &= ~02000U;
  with.uid = static_cast<int64_t>(pick(3) * 1000);
  with.gid = static_cast<int64_t>(pick(3) * 50);
  with.mtime = 1'000'000 + static_cast<int64_t>(pick(1'000'000));
  const bool takes_xattrs = kind == Kind::file || kind == Kind::directory;
  if (takes_xattrs && pick(4) == 0) {
    with.pax = {{"SCHILY.xattr.user.k" + std::to_string(pick(2)), std::to_string(pick(100))}};
  }
  return with;
}

std::string RandomLayers::random_path() {
  std::string path;
  if (pick(6) == 0) path = std::string(link_names[pick(2)]) + "/";
  for (size_t depth = pick(3); depth > 0; --depth) {
    path += std::string(directory_names[pick(3)]) + "/";
  }
  return path + leaf_names[pick(4)];
}

std::string RandomLayers::prepare(TarBuilder& tar, const std::string& path) {
  std::string real;
  for (size_t at = 0, slash = path.find('/'); slash != std::string::npos;
       at = slash + 1, slash = path.find('/', at)) {
    real += (real.empty() ? "" : "/") + path.substr(at, slash - at);
    const auto found = present_.find(real);
    if (found == present_.end()) {
      put(real, Kind::directory);
    } else if (found->second == Kind::symlink && present_.contains(link_targets_[real]) &&
               present_[link_targets_[real]] == Kind::directory) {
      real = link_targets_[real];
    } else if (found->second != Kind::directory) {
      tar.dir(real, attributes(Kind::directory));
      put(real, Kind::directory);
    }
  }
  return real + (real.empty() ? "" : "/") + path.substr(path.rfind('/') + 1);
}

void RandomLayers::put(const std::string& real, Kind kind) {
  if (kind != Kind::directory) remove_below(real, true);
  present_[real] = kind;
  for (std::string path = real; !path.empty(); path = parent_of(path)) own_.insert(path);
}

void RandomLayers::remove_below(const std::string& real, bool own_too) {
  for (auto at = present_.begin(); at != present_.end();) {
    const bool goes = is_below(at->first, real) && (own_too || !own_.contains(at->first));
    at = goes ? present_.erase(at) : std::next(at);
  }
}

void RandomLayers::add(TarBuilder& tar, const std::string& path) {
  if (pick(8) == 0) {
    const std::string name = link_names[pick(2)];
    const std::string target = directory_names[pick(3)];
    tar.symlink(name, pick(2) == 0 ? target : "/../" + target, attributes(Kind::symlink));
    put(name, Kind::symlink);
    link_targets_[name] = target;
    return;
  }
  const std::string real = prepare(tar, path);
  switch (pick(6)) {
    case 0:
    case 1:
      tar.dir(path, attributes(Kind::directory));
      return put(real, Kind::directory);
    case 2:
      tar.entry('6', path, "", "", attributes(Kind::fifo));
      return put(real, Kind::fifo);
    case 3:
      for (const std::string& target : own_) {
        const auto found = present_.find(target);
        if (found == present_.end() || found->second != Kind::file) continue;
        if (target == real || is_below(target, real)) continue;
        tar.hardlink(path, target);
        return put(real, Kind::file);
      }
      [[fallthrough]];
    default:
      tar.file(path, std::string(pick(3000), static_cast<char>('a' + pick(26))),
               attributes(Kind::file));
      return put(real, Kind::file);
  }
}

void RandomLayers::hide(TarBuilder& tar, const std::string& path) {
  const std::string directory = parent_of(path);
  const std::string prefix = directory.empty() ? "" : directory + "/";
  // Only markers whose directories are there: others are treated differently.
  if (!directory.empty() &&
      (!present_.contains(directory) || present_[directory] != Kind::directory)) {
    return;
  }
  if (pick(3) == 0) {
    tar.file(prefix + ".wh..wh..opq", "");
    return remove_below(directory, false);
  }
  tar.file(prefix + ".wh." + path.substr(prefix.size()), "");
  remove_below(path, false);
  if (!own_.contains(path)) present_.erase(path);
}
