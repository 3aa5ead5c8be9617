#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "base/cancel.hpp"
#include "base/threads.hpp"
#include "git/snapshot.hpp"

namespace git {
namespace {

constexpr size_t piece_size = 512 * 1024;
constexpr uint64_t large_blob = 8 * 1024 * 1024;

}  // namespace

void Snapshot::hash(unsigned threads, const std::stop_token& stop) {
  hash_blobs(std::max(1U, threads), stop);
  base::Hasher hasher(base::HashAlgorithm::sha1);
  encode_directory(0, hasher);
  mark_repeated();
}

void Snapshot::hash_blobs(unsigned threads, const std::stop_token& stop) {
  // Large ones first, so that no thread is left alone with one at the end.
  std::vector<uint32_t> order(blobs_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i);
  std::stable_partition(order.begin(), order.end(),
                        [this](uint32_t i) { return blobs_[i].size >= large_blob; });

  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    const base::StopScope scope(stop);
    try {
      base::Hasher hasher(base::HashAlgorithm::sha1);
      std::vector<char> buffer;
      for (size_t at = next++; at < order.size(); at = next++) {
        Blob& blob = blobs_[order[at]];
        if (const auto* packed = dynamic_cast<const PackedContent*>(blob.content.get())) {
          blob.id = packed->id();
          continue;
        }
        base::throw_if_cancelled();
        hash_object_header(hasher, ObjectType::blob, blob.size);
        for (uint64_t offset = 0; offset < blob.size;) {
          base::throw_if_cancelled();
          const auto count =
              static_cast<size_t>(std::min<uint64_t>(piece_size, blob.size - offset));
          if (buffer.size() < count) buffer.resize(count);
          blob.content->read_at(offset, {buffer.data(), count});
          hasher.update({buffer.data(), count});
          offset += count;
        }
        blob.id = Oid::from_raw(hasher.finish());
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = order.size();
    }
  };
  {
    // This thread works, too, so that none of the others is needed.
    const std::vector<std::jthread> helpers = base::start_threads(threads - 1, work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace git
