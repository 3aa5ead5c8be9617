#pragma once
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "git/object.hpp"

namespace git {

/// The small blobs that deltas were built on or made last: chains come back to them at once.
class RecentBlobs {
 public:
  /// Null when it is not held (any more).
  std::shared_ptr<const std::string> find(const Oid& id);
  void put(const Oid& id, std::shared_ptr<const std::string> content);

 private:
  struct Held {
    Oid id;
    std::shared_ptr<const std::string> content;
  };
  std::list<Held> held_;  ///< The one used last in front.
  std::unordered_map<Oid, std::list<Held>::iterator, OidHash> index_;
  size_t bytes_ = 0;
};

}  // namespace git
