#include "git/blob_spool.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/threads.hpp"
#include "codec/deflate.hpp"
#include "git/pack_entry.hpp"
#include "git/packed_content.hpp"
#include "git/scratch_file.hpp"

namespace git {
namespace {

using base::Error;

constexpr size_t unit_size = 512 * 1024;          ///< Larger files are compressed as they come in.
constexpr size_t most_waiting = 4 * 1024 * 1024;  ///< Bytes waiting for a thread.

/// A file in the spool.
class SpooledBlob : public PackedContent {
 public:
  explicit SpooledBlob(std::shared_ptr<ScratchFile> file) : file_(std::move(file)) {}

  const Oid& id() const override { return id_; }
  void set_id(const Oid& id) { id_ = id; }
  void read_packed(uint64_t offset, std::span<char> buffer) const override {
    const uint64_t size = packed_size();
    if (buffer.size() > size || offset > size - buffer.size()) {
      throw Error("read past the end of a compressed file");
    }
    if (!buffer.empty()) read_inside(offset, buffer);
  }
  void read_at(uint64_t /*offset*/, std::span<char> /*buffer*/) const override {
    throw Error("a compressed file cannot be read plain");
  }

 protected:
  ScratchFile& file() const { return *file_; }
  virtual void read_inside(uint64_t offset, std::span<char> buffer) const = 0;

 private:
  std::shared_ptr<ScratchFile> file_;
  Oid id_;
};

/// There may be a hundred thousand of these in memory.
class SmallBlob : public SpooledBlob {
 public:
  using SpooledBlob::SpooledBlob;

  uint64_t packed_size() const override { return size_; }
  void store(std::string_view bytes) {
    size_ = static_cast<uint32_t>(bytes.size());
    start_ = file().append(bytes);
  }

 private:
  void read_inside(uint64_t offset, std::span<char> buffer) const override {
    file().read(start_ + offset, buffer);
  }

  uint32_t size_ = 0;
  uint64_t start_ = 0;
};

/// Lies in pieces, between others.
class LargeBlob : public SpooledBlob {
 public:
  using SpooledBlob::SpooledBlob;

  uint64_t packed_size() const override { return size_; }
  void append(std::string_view bytes) {
    pieces_.push_back({size_, file().append(bytes), bytes.size()});
    size_ += bytes.size();
  }

 private:
  struct Piece {
    uint64_t start = 0;  ///< In the packed file.
    uint64_t offset = 0;
    uint64_t size = 0;
  };

  void read_inside(uint64_t offset, std::span<char> buffer) const override {
    auto piece = std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                                  [](uint64_t at, const Piece& one) { return at < one.start; });
    for (--piece; !buffer.empty(); ++piece) {
      const uint64_t within = offset - piece->start;
      const size_t count =
          static_cast<size_t>(std::min<uint64_t>(buffer.size(), piece->size - within));
      file().read(piece->offset + within, buffer.first(count));
      buffer = buffer.subspan(count);
      offset += count;
    }
  }

  std::vector<Piece> pieces_;
  uint64_t size_ = 0;
};

/// One thread's tools.
struct Tools {
  base::Hasher hasher{base::HashAlgorithm::sha1};
  codec::Deflater deflater;
  std::string out;
};

struct Job {
  std::string bytes;
  std::shared_ptr<SmallBlob> blob;
};

void pack_small(Tools& tools, const Job& job) {
  job.blob->set_id(object_id(tools.hasher, ObjectType::blob, job.bytes));
  tools.out.clear();
  append_pack_entry_header(ObjectType::blob, job.bytes.size(), tools.out);
  tools.deflater.append_unit(job.bytes, codec::LastUnit::yes, tools.out);
  tools.out += codec::zlib_trailer(codec::adler32(job.bytes));
  job.blob->store(tools.out);
}

std::string read_exactly(base::ByteSource& data, size_t size) {
  std::string bytes(size, '\0');
  if (base::read_full(data, bytes) != size) throw Error("a file ends before its announced size");
  return bytes;
}

}  // namespace

struct BlobSpool::Impl {
  Impl(const std::string& directory, unsigned thread_count)
      : file(std::make_shared<ScratchFile>(directory)) {
    threads = base::start_some_threads(std::max(1U, thread_count),
                                       [this](const std::stop_token& stop) { work(stop); });
  }

  void work(const std::stop_token& stop) {
    try {
      Tools own;
      for (;;) {
        Job job;
        {
          std::unique_lock lock(mutex);
          if (!changed.wait(lock, stop, [this] { return !jobs.empty() || failure; }) || failure)
            return;
          job = std::move(jobs.front());
          jobs.pop_front();
        }
        pack_small(own, job);
        const std::lock_guard lock(mutex);
        waiting -= job.bytes.size();
        --unfinished;
        changed.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      changed.notify_all();
    }
  }

  template <class Condition>
  void wait_until(Condition condition) {
    std::unique_lock lock(mutex);
    base::wait_until(changed, lock, [&] { return condition() || failure; });
    if (failure) std::rethrow_exception(failure);
  }

  void pack_large(base::ByteSource& data, uint64_t size, LargeBlob& blob) {
    hash_object_header(tools.hasher, ObjectType::blob, size);
    tools.out.clear();
    append_pack_entry_header(ObjectType::blob, size, tools.out);
    uint32_t adler = 1;
    for (uint64_t left = size; left > 0;) {
      base::throw_if_cancelled();
      const auto count = static_cast<size_t>(std::min<uint64_t>(left, unit_size));
      const std::string bytes = read_exactly(data, count);
      left -= count;
      tools.hasher.update(bytes);
      adler = codec::adler32(bytes, adler);
      const auto last = left == 0 ? codec::LastUnit::yes : codec::LastUnit::no;
      tools.deflater.append_unit(bytes, last, tools.out);
      if (left == 0) tools.out += codec::zlib_trailer(adler);
      blob.append(tools.out);
      tools.out.clear();
    }
    blob.set_id(Oid::from_raw(tools.hasher.finish()));
  }

  std::shared_ptr<ScratchFile> file;
  Tools tools;  ///< Of the thread that calls store().
  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Job> jobs;
  size_t waiting = 0;     ///< Bytes of jobs in the queue and in work.
  size_t unfinished = 0;  ///< Number of those jobs.
  std::exception_ptr failure;
  std::vector<std::jthread> threads;
};

BlobSpool::BlobSpool(const std::string& directory, unsigned threads)
    : impl_(std::make_unique<Impl>(directory, threads)) {}

BlobSpool::~BlobSpool() = default;

std::shared_ptr<const base::Content> BlobSpool::store(base::ByteSource& data, uint64_t size) {
  if (size > unit_size) {
    auto blob = std::make_shared<LargeBlob>(impl_->file);
    impl_->pack_large(data, size, *blob);
    return blob;
  }
  auto blob = std::make_shared<SmallBlob>(impl_->file);
  Job job{read_exactly(data, static_cast<size_t>(size)), blob};
  impl_->wait_until([&] { return impl_->waiting < most_waiting; });
  const std::lock_guard lock(impl_->mutex);
  impl_->waiting += job.bytes.size();
  ++impl_->unfinished;
  impl_->jobs.push_back(std::move(job));
  impl_->changed.notify_all();
  return blob;
}

void BlobSpool::finish() {
  impl_->wait_until([&] { return impl_->unfinished == 0; });
}

}  // namespace git
