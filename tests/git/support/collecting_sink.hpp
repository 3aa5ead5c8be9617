#pragma once
#include <map>
#include <string>

#include "base/error.hpp"
#include "git/object_sink.hpp"
#include "git/support/entries.hpp"

/// Keeps all objects in memory and compares each with its id.
class CollectingSink : public git::ObjectSink {
 public:
  std::map<git::Oid, std::string> commits, trees, blobs;
  int large = 0;  ///< How many blobs came in pieces.
  int read_backs = 0;

  void commit(const git::Oid& id, std::string content) override {
    keep(commits, git::ObjectType::commit, id, std::move(content));
  }
  void tree(const git::Oid& id, std::string content) override {
    keep(trees, git::ObjectType::tree, id, std::move(content));
  }
  void blob(const git::Oid& id, std::string content) override {
    if (content.size() > git::largest_whole_blob) throw base::Error("too large to be whole");
    keep(blobs, git::ObjectType::blob, id, std::move(content));
  }
  std::unique_ptr<git::LargeBlob> begin_large(uint64_t size) override {
    if (size <= git::largest_whole_blob) throw base::Error("too small for pieces");
    return std::make_unique<Collecting>(*this);
  }
  std::shared_ptr<const base::Content> read_back(const git::Oid& id) override {
    ++read_backs;
    if (!blobs.contains(id)) throw base::Error("read back what was never handed over");
    return std::make_shared<MemoryContent>(blobs[id]);
  }

 private:
  class Collecting : public git::LargeBlob {
   public:
    explicit Collecting(CollectingSink& sink) : sink_(sink) {}
    void write(std::string_view bytes) override { content_ += bytes; }
    void finish(const git::Oid& id) override {
      ++sink_.large;
      sink_.keep(sink_.blobs, git::ObjectType::blob, id, std::move(content_));
    }

   private:
    CollectingSink& sink_;
    std::string content_;
  };

  static void keep(std::map<git::Oid, std::string>& where, git::ObjectType type, const git::Oid& id,
                   std::string content) {
    base::Hasher hasher(base::HashAlgorithm::sha1);
    if (git::object_id(hasher, type, content) != id) throw base::Error("bytes and id differ");
    where[id] = std::move(content);
  }
};
