#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "git/delta.hpp"
#include "git/object_sink.hpp"
#include "git/pack_records.hpp"
#include "git/pack_stream.hpp"
#include "git/recent_blobs.hpp"
#include "git/text_shelf.hpp"

namespace git {

enum class Blobs { pass_over, hand_over };

/// Takes the entries of a pack in turn, resolves deltas and hands the objects to a sink. To be run
/// once.
class PackParser {
 public:
  /// `most_base_bytes` bounds what is read back for deltas to build on: a delta of a few bytes may
  /// have a base of megabytes.
  PackParser(base::ByteSource& pack, ObjectSink& sink, Blobs blobs,
             uint64_t most_base_bytes = 1ULL << 40U)
      : stream_(pack, blobs == Blobs::hand_over ? PackStream::Checksum::passed_over
                                                : PackStream::Checksum::compared),
        sink_(sink),
        blobs_(blobs),
        most_base_bytes_(most_base_bytes) {}

  /// Reads everything; ends early once `stop`, asked after each object, says so.
  void run(const std::function<bool()>& stop);

 private:
  using Record = PackRecords::Record;
  using State = PackRecords::State;

  /// A delta's instructions: in memory, or on the shelf when they are long or have to wait.
  struct Instructions {
    std::string bytes;
    TextShelf::Place place;
  };
  struct Waiting {
    uint32_t number = 0;
    TextShelf::Place place;
  };

  Record read_plain(const PackEntry& entry);
  void read_delta(const PackEntry& entry);
  Record pass_over(const PackEntry& entry);
  Instructions read_instructions(const PackEntry& entry);
  void count_shelved(uint64_t size);
  Record resolve(const Record& base, const Instructions& instructions);
  Record apply(const Record& base, Delta& delta);
  /// A commit or tree; good until the next one is asked for.
  const std::string& text_of(uint32_t number);
  void count_base(uint64_t size);
  Record apply_to_blob(const Oid& base, Delta& delta);
  Record make_blob(Delta& delta, const DeltaBase& base);
  Record hand_over(ObjectType type, std::string content);
  void wait(const PackEntry& entry, std::optional<uint32_t> base);
  void resolve_waiting(const std::function<bool()>& stop);

  PackStream stream_;
  ObjectSink& sink_;
  Blobs blobs_;
  base::Hasher hasher_{base::HashAlgorithm::sha1};
  PackRecords records_;
  TextShelf shelf_;
  std::deque<TextShelf::Place> kept_;  ///< Commits and trees, on the shelf.
  uint64_t kept_bytes_ = 0;
  std::string last_text_;  ///< Many deltas may build on one text.
  std::optional<uint32_t> last_text_number_;
  uint64_t base_bytes_ = 0;
  uint64_t most_base_bytes_;
  uint64_t shelved_ = 0;
  RecentBlobs recent_;
  std::unordered_multimap<Oid, Waiting, OidHash> waiting_for_id_;
  std::unordered_multimap<uint32_t, Waiting> waiting_for_number_;
};

}  // namespace git
