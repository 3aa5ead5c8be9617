#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "git/object.hpp"
#include "git/object_sink.hpp"
#include "rootfs/manifest.hpp"

/// The objects of a commit, and handing them over as a fetch does.
class CommitObjects {
 public:
  struct Object {
    git::ObjectType type;
    git::Oid id;
    std::string content;
  };

  git::Oid blob(std::string content) { return add(git::ObjectType::blob, std::move(content)); }
  git::Oid tree(std::vector<git::TreeEntry> entries) {
    return add(git::ObjectType::tree, git::encode_tree(std::move(entries)));
  }
  git::Oid commit(const git::Oid& tree) {
    return add(git::ObjectType::commit,
               git::encode_commit({tree, {}, {"a", "a@b"}, {"a", "a@b"}, 1, "image"}));
  }
  /// A file and a directory of a tree.
  git::TreeEntry file(std::string name, std::string content) {
    return {git::mode_file, std::move(name), blob(std::move(content))};
  }
  git::TreeEntry directory(std::string name, std::vector<git::TreeEntry> entries) {
    return {git::mode_directory, std::move(name), tree(std::move(entries))};
  }

  const std::vector<Object>& all() const { return objects_; }
  /// As git sends them: what is needed first in front.
  std::vector<Object> in_order() const {
    std::vector<Object> sorted;
    for (const auto type :
         {git::ObjectType::commit, git::ObjectType::tree, git::ObjectType::blob}) {
      for (const Object& object : objects_) {
        if (object.type == type) sorted.push_back(object);
      }
    }
    return sorted;
  }

  static void hand_over(const Object& object, git::ObjectSink& sink) {
    switch (object.type) {
      case git::ObjectType::commit:
        return sink.commit(object.id, object.content);
      case git::ObjectType::tree:
        return sink.tree(object.id, object.content);
      default:
        if (object.content.size() <= git::largest_whole_blob) {
          return sink.blob(object.id, object.content);
        }
        const auto large = sink.begin_large(object.content.size());
        large->write(object.content);
        large->finish(object.id);
    }
  }

 private:
  git::Oid add(git::ObjectType type, std::string content) {
    base::Hasher hasher(base::HashAlgorithm::sha1);
    const git::Oid id = git::object_id(hasher, type, content);
    objects_.push_back({type, id, std::move(content)});
    return id;
  }

  std::vector<Object> objects_;
};

/// A manifest of entries, which may lie.
inline std::string manifest_of(const std::vector<rootfs::ManifestEntry>& entries) {
  class Text : public base::ByteSink {
   public:
    void write(std::string_view bytes) override { text += bytes; }
    std::string text;
  } out;
  rootfs::ManifestWriter writer(out);
  for (const rootfs::ManifestEntry& entry : entries) writer.add(entry);
  writer.finish();
  return out.text;
}
