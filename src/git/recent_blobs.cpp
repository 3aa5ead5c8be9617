#include "git/recent_blobs.hpp"

namespace git {
namespace {

constexpr size_t most_bytes = 8 * 1024 * 1024;
/// Of each blob besides its bytes, so that a million empty ones have a size, too.
constexpr size_t overhead = 128;

}  // namespace

std::shared_ptr<const std::string> RecentBlobs::find(const Oid& id) {
  const auto found = index_.find(id);
  if (found == index_.end()) return nullptr;
  held_.splice(held_.begin(), held_, found->second);
  return found->second->content;
}

void RecentBlobs::put(const Oid& id, std::shared_ptr<const std::string> content) {
  if (find(id) != nullptr || content->size() > most_bytes) return;
  bytes_ += content->size() + overhead;
  held_.push_front({id, std::move(content)});
  index_.emplace(id, held_.begin());
  while (bytes_ > most_bytes && held_.size() > 1) {
    bytes_ -= held_.back().content->size() + overhead;
    index_.erase(held_.back().id);
    held_.pop_back();
  }
}

}  // namespace git
