#include "git/pack_source.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>

#include "base/threads.hpp"
#include "codec/deflate.hpp"
#include "git/pack_entry.hpp"

namespace git {
namespace {

constexpr size_t unit_size = 512 * 1024;   ///< Input of one compressed unit at the most.
constexpr size_t batch_size = 128 * 1024;  ///< Small objects are worked on in batches this large.
constexpr size_t jobs_per_thread = 4;      ///< In work or waiting for the reader.
constexpr size_t most_jobs = 16;           ///< The same, of all threads.
/// Either several whole objects, or one unit of an object larger than unit_size.
struct Job {
  size_t first_object = 0;
  size_t object_count = 1;
  uint64_t offset = 0;
  size_t size = 0;  ///< Of the unit, or of the batch with what each object adds.
  bool is_unit = false;
};

struct Slot {
  std::string out;
  uint32_t adler = 1;  ///< Of the unit's input.
  bool ready = false;
};

/// How many bytes of input an object is: plain ones to compress, or packed ones to copy.
uint64_t input_size(const PackObject& object) {
  return object.packed != nullptr ? object.packed->packed_size() : object.size;
}

std::vector<Job> plan(const std::vector<PackObject>& objects) {
  std::vector<Job> jobs;
  Job batch{0, 0, 0, 0, false};
  const auto close_batch = [&](size_t next) {
    if (batch.object_count > 0) jobs.push_back(batch);
    batch = {next, 0, 0, 0, false};
  };
  for (size_t i = 0; i < objects.size(); ++i) {
    const uint64_t input = input_size(objects[i]);
    if (input > unit_size) {
      close_batch(i + 1);
      for (uint64_t offset = 0; offset < input; offset += unit_size) {
        const auto size = static_cast<size_t>(std::min<uint64_t>(unit_size, input - offset));
        jobs.push_back({i, 1, offset, size, true});
      }
      continue;
    }
    ++batch.object_count;
    // What an object costs beside its bytes.
    batch.size += static_cast<size_t>(input) + 64;
    if (batch.size >= batch_size) close_batch(i + 1);
  }
  close_batch(objects.size());
  return jobs;
}

/// One thread's tools.
class Encoder {
 public:
  explicit Encoder(const std::vector<PackObject>& objects) : objects_(objects) {}

  void encode(const Job& job, Slot& slot) {
    slot.out.clear();
    // Growing step by step would end at twice the size.
    slot.out.reserve(job.size + job.size / 16 + 4096);
    if (job.is_unit) {
      encode_unit(objects_[job.first_object], job, slot);
      return;
    }
    for (size_t i = job.first_object; i < job.first_object + job.object_count; ++i) {
      const PackObject& object = objects_[i];
      if (object.packed != nullptr) {
        copy_packed(object, 0, static_cast<size_t>(object.packed->packed_size()), slot.out);
        continue;
      }
      const std::string_view bytes = load(object, 0, static_cast<size_t>(object.size));
      append_pack_entry_header(object.type, object.size, slot.out);
      deflater_.append_unit(bytes, codec::LastUnit::yes, slot.out);
      slot.out += codec::zlib_trailer(codec::adler32(bytes));
    }
  }

 private:
  void encode_unit(const PackObject& object, const Job& job, Slot& slot) {
    if (object.packed != nullptr) {
      copy_packed(object, job.offset, job.size, slot.out);
      return;
    }
    if (job.offset == 0) append_pack_entry_header(object.type, object.size, slot.out);
    const bool last = job.offset + job.size == object.size;
    const std::string_view bytes = load(object, job.offset, job.size);
    deflater_.append_unit(bytes, last ? codec::LastUnit::yes : codec::LastUnit::no, slot.out);
    slot.adler = codec::adler32(bytes);
  }

  static void copy_packed(const PackObject& object, uint64_t offset, size_t size,
                          std::string& out) {
    const size_t start = out.size();
    out.resize(start + size);
    object.packed->read_packed(offset, std::span(out).subspan(start));
  }

  std::string_view load(const PackObject& object, uint64_t offset, size_t size) {
    if (object.content == nullptr) return object.bytes.substr(static_cast<size_t>(offset), size);
    if (buffer_.size() < size) buffer_.resize(size);
    object.content->read_at(offset, {buffer_.data(), size});
    return {buffer_.data(), size};
  }

  const std::vector<PackObject>& objects_;
  codec::Deflater deflater_;
  std::vector<char> buffer_;
};

}  // namespace

struct PackSource::Impl {
  Impl(const std::vector<PackObject>& all, unsigned thread_count)
      : objects(all),
        jobs(plan(all)),
        hasher(base::HashAlgorithm::sha1),
        ring(std::min<size_t>(std::max(1U, thread_count) * jobs_per_thread, most_jobs)) {
    std::string header("PACK\0\0\0\2", 8);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
      header += static_cast<char>(objects.size() >> shift & 255U);
    }
    give(std::move(header));
    threads = base::start_some_threads(std::max(1U, thread_count), [this] { work(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    may_fill.notify_all();
  }

  void work() {
    try {
      Encoder encoder(objects);
      for (size_t job = next_job++; job < jobs.size(); job = next_job++) {
        Slot& slot = ring[job % ring.size()];
        {
          std::unique_lock lock(mutex);
          may_fill.wait(lock, [&] { return stop || job < taken + ring.size(); });
          if (stop) return;
        }
        encoder.encode(jobs[job], slot);
        {
          const std::lock_guard lock(mutex);
          slot.ready = true;
        }
        may_take.notify_one();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      may_take.notify_one();
    }
  }

  /// Bytes for the reader, which the pack's checksum covers.
  void give(std::string bytes) {
    hasher.update(bytes);
    current = std::move(bytes);
    position = 0;
  }

  /// Makes `current` hold unread bytes; false at the end of the pack.
  bool advance() {
    if (trailer_given) return false;
    if (taken == jobs.size()) {
      current = hasher.finish();
      position = 0;
      trailer_given = true;
      return true;
    }
    Slot& slot = ring[taken % ring.size()];
    {
      std::unique_lock lock(mutex);
      base::wait_until(may_take, lock, [&] { return slot.ready || failure; });
      if (failure) std::rethrow_exception(failure);
    }
    const Job& job = jobs[taken];
    if (job.is_unit && objects[job.first_object].packed == nullptr) {
      adler = job.offset == 0 ? slot.adler : codec::adler32_combine(adler, slot.adler, job.size);
      if (job.offset + job.size == objects[job.first_object].size) {
        slot.out += codec::zlib_trailer(adler);
      }
    }
    // The emptied string goes back into the ring with its memory.
    std::swap(current, slot.out);
    hasher.update(current);
    position = 0;
    {
      const std::lock_guard lock(mutex);
      slot.ready = false;
      ++taken;
    }
    may_fill.notify_all();
    return true;
  }

  const std::vector<PackObject>& objects;
  const std::vector<Job> jobs;
  base::Hasher hasher;
  uint32_t adler = 1;
  std::string current;
  size_t position = 0;
  bool trailer_given = false;

  std::vector<Slot> ring;
  std::mutex mutex;
  std::condition_variable may_fill;
  std::condition_variable may_take;
  std::atomic<size_t> next_job = 0;
  size_t taken = 0;
  bool stop = false;
  std::exception_ptr failure;
  std::vector<std::jthread> threads;
};

PackSource::PackSource(const std::vector<PackObject>& objects, unsigned threads)
    : impl_(std::make_unique<Impl>(objects, threads)) {}

PackSource::~PackSource() = default;

size_t PackSource::read(std::span<char> buffer) {
  Impl& self = *impl_;
  size_t filled = 0;
  while (filled < buffer.size()) {
    if (self.position == self.current.size() && !self.advance()) break;
    const size_t count = std::min(buffer.size() - filled, self.current.size() - self.position);
    std::memcpy(buffer.data() + filled, self.current.data() + self.position, count);
    self.position += count;
    filled += count;
  }
  return filled;
}

}  // namespace git
