#pragma once
#include <utility>

#include "git/object_sink.hpp"
#include "rootfs/limits.hpp"

namespace resource {

/// Hands objects on and charges the bytes of all blobs, whether or not the image turns out to have
/// a use for them: each takes room on the disk. Both must outlive this.
class BoundedSink : public git::ObjectSink {
 public:
  BoundedSink(git::ObjectSink& sink, rootfs::Budget& budget) : sink_(sink), budget_(budget) {}

  void commit(const git::Oid& id, std::string content) override {
    sink_.commit(id, std::move(content));
  }
  void tree(const git::Oid& id, std::string content) override {
    sink_.tree(id, std::move(content));
  }
  void blob(const git::Oid& id, std::string content) override {
    budget_.add_stream(content.size());
    sink_.blob(id, std::move(content));
  }
  std::unique_ptr<git::LargeBlob> begin_large(uint64_t size) override {
    budget_.add_stream(size);
    return sink_.begin_large(size);
  }
  std::shared_ptr<const base::Content> read_back(const git::Oid& id) override {
    return sink_.read_back(id);
  }

 private:
  git::ObjectSink& sink_;
  rootfs::Budget& budget_;
};

}  // namespace resource
