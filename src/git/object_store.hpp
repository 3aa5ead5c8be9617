#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "git/object.hpp"
#include "git/object_sink.hpp"

namespace git {

/// A blob and how to read it.
struct StoredBlob {
  uint64_t size = 0;
  std::shared_ptr<const base::Content> content;
};

/// The objects of one commit for one thread that hands them over, as a sink, and another one that
/// looks them up at the same time and waits for what did not come yet. Commits and trees stay in
/// memory, blobs until there are too many that nobody took (StagedContent); those go into files.
class ObjectStore : public ObjectSink {
 public:
  /// `directory` must exist and be empty; files that nobody takes stay there.
  explicit ObjectStore(const std::string& directory);
  ~ObjectStore() override;

  void commit(const Oid& id, std::string content) override;
  void tree(const Oid& id, std::string content) override;
  void blob(const Oid& id, std::string content) override;
  std::unique_ptr<LargeBlob> begin_large(uint64_t size) override;
  std::shared_ptr<const base::Content> read_back(const Oid& id) override;
  /// Everything has come: from now on nothing is waited for.
  void complete();

  /// Each waits for its object; Error when it did not come.
  const std::string& commit_text(const Oid& id) const;
  std::vector<TreeEntry> tree_entries(const Oid& id) const;
  StoredBlob find_blob(const Oid& id) const;
  /// A whole blob; Error when it is larger than `limit` bytes.
  std::string read_blob(const Oid& id, uint64_t limit) const;

 private:
  class Large;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace git
