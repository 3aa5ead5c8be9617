#include "rootfs/pending_directories.hpp"

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {

void PendingDirectories::set(const DirectoryId& id, const PendingAttributes& attributes,
                             std::vector<base::Xattr> acls) {
  attributes_[id] = attributes;
  if (acls.empty()) {
    acls_.erase(id);
  } else {
    acls_[id] = std::move(acls);
  }
}

void PendingDirectories::expect(const DirectoryId& id) const {
  if (attributes_.contains(id)) return;
  throw base::Error(
      "a directory has another inode number than when it was made: unpack the image on a file "
      "system that keeps them, which overlays of several file systems and some of FUSE do not");
}

const PendingAttributes& PendingDirectories::get(const DirectoryId& id) const {
  expect(id);
  return attributes_.find(id)->second;
}

void PendingDirectories::apply(int root, AttributeWriter& writer) const {
  class Setter : public Visitor {
   public:
    Setter(const PendingDirectories& pending, AttributeWriter& to) : pending_(pending), to_(to) {}
    void leave(int directory, int, const std::string& name) override {
      base::throw_if_cancelled();
      const DirectoryId id = directory_id(directory);
      const PendingAttributes& attributes =
          base::with_context([&] { return base::cat("directory \"", base::excerpt(name), "\""); },
                             [&]() -> const PendingAttributes& { return pending_.get(id); });
      const Target target{.fd = directory, .path = name};
      if (const auto acls = pending_.acls_.find(id); acls != pending_.acls_.end()) {
        to_.set_xattrs(target, acls->second);
      }
      to_.set_mode(target, attributes.mode);
      to_.set_times(target, attributes.mtime_seconds, attributes.mtime_nanoseconds);
    }

   private:
    const PendingDirectories& pending_;
    AttributeWriter& to_;
  } setter(*this, writer);
  walk(root, setter);
}

}  // namespace rootfs
