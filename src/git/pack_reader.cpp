#include "git/pack_reader.hpp"

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"

namespace git {
namespace {

using base::Error;

constexpr uint64_t largest_object = 256ULL * 1024 * 1024;
constexpr uint64_t largest_sum = 1024ULL * 1024 * 1024;
constexpr unsigned offset_delta = 6;
constexpr unsigned reference_delta = 7;
/// The inflater may give this many bytes back.
constexpr size_t keep_behind = 8;

[[noreturn]] void broken() {
  throw Error("the server sent a broken pack");
}

struct Kept {
  ObjectType type = ObjectType::blob;
  std::string content;
};

class PackParser {
 public:
  using Visit = std::function<bool(ObjectType, const Oid&, std::string_view)>;
  PackParser(base::ByteSource& pack, const Visit& visit)
      : pack_(pack), visit_(visit), hasher_(base::HashAlgorithm::sha1), drop_(64 * 1024) {}

  void run() {
    std::string header;
    for (int i = 0; i < 12; ++i) header += static_cast<char>(byte());
    if (!header.starts_with(std::string_view("PACK\0\0\0\2", 8))) broken();
    uint32_t count = 0;
    for (size_t i = 8; i < 12; ++i) count = count << 8U | static_cast<unsigned char>(header[i]);
    for (uint32_t i = 0; i < count; ++i) {
      if (!read_object()) return;
    }
    base::drain(pack_);
  }

 private:
  uint8_t byte() {
    if (position_ == buffer_.size()) refill();
    if (position_ == buffer_.size()) broken();
    return static_cast<uint8_t>(buffer_[position_++]);
  }

  void refill() {
    const size_t drop = position_ > keep_behind ? position_ - keep_behind : 0;
    buffer_.erase(0, drop);
    position_ -= drop;
    dropped_ += drop;
    const size_t have = buffer_.size();
    buffer_.resize(have + 64 * 1024);
    const size_t got = pack_.read(std::span(buffer_).subspan(have));
    buffer_.resize(have + got);
  }

  bool read_object() {
    const uint64_t start = dropped_ + position_;
    uint8_t head = byte();
    const unsigned type = head >> 4U & 7U;
    uint64_t size = head & 15U;
    for (unsigned shift = 4; (head & 0x80U) != 0; shift += 7) {
      head = byte();
      if (shift > 56) broken();
      size |= static_cast<uint64_t>(head & 0x7FU) << shift;
    }
    Oid base_id;
    bool skip = type == static_cast<unsigned>(ObjectType::blob) ||
                type == static_cast<unsigned>(ObjectType::tag);
    if (type == offset_delta) {
      head = byte();
      uint64_t distance = head & 0x7FU;
      while ((head & 0x80U) != 0) {
        head = byte();
        if (distance > (UINT64_MAX >> 8U)) broken();
        distance = (distance + 1) << 7U | (head & 0x7FU);
      }
      if (distance == 0 || distance > start) broken();
      skip = skipped_.contains(start - distance);
      if (const auto found = offsets_.find(start - distance); found != offsets_.end()) {
        base_id = found->second;
      } else if (!skip) {
        broken();
      }
    } else if (type == reference_delta) {
      std::string raw;
      for (int i = 0; i < 20; ++i) raw += static_cast<char>(byte());
      base_id = Oid::from_raw(raw);
      // Not a commit or tree of this pack: a blob, then.
      skip = !kept_.contains(base_id);
    } else if (type == 0 || type == 5) {
      broken();
    }
    if (skip) {
      inflate(size, nullptr);
      skipped_.insert(start);
      return true;
    }
    if (size > largest_object) throw Error("the server sent an object of absurd size");
    Kept object{static_cast<ObjectType>(type), {}};
    inflate(size, &object.content);
    if (type == offset_delta || type == reference_delta) {
      const Kept& origin = kept_.at(base_id);
      object = {origin.type, apply_delta(origin.content, object.content)};
    }
    sum_ += object.content.size();
    if (sum_ > largest_sum) throw Error("the server sent trees of absurd size");
    const Oid id = object_id(hasher_, object.type, object.content);
    offsets_.emplace(start, id);
    const bool go_on = visit_(object.type, id, object.content);
    kept_.emplace(id, std::move(object));
    return go_on;
  }

  void inflate(uint64_t size, std::string* out) {
    inflater_.reset();
    if (out != nullptr) out->resize(static_cast<size_t>(size));
    uint64_t produced = 0;
    for (;;) {
      if (position_ == buffer_.size()) refill();
      // One byte more than announced, so that too long a stream shows.
      char beyond = 0;
      std::span<char> target(drop_);
      if (out != nullptr) target = std::span(*out).subspan(static_cast<size_t>(produced));
      if (target.empty()) target = std::span(&beyond, 1);
      const auto step = inflater_.inflate(std::string_view(buffer_).substr(position_), target);
      position_ = static_cast<size_t>(static_cast<std::ptrdiff_t>(position_) + step.consumed);
      produced += step.produced;
      if (produced > size) broken();
      if (step.finished) break;
      if (step.consumed == 0 && step.produced == 0 && position_ == buffer_.size()) {
        refill();
        if (position_ == buffer_.size()) broken();
      }
    }
    if (produced != size) broken();
  }

  /// gitformat-pack, Deltified representation.
  static std::string apply_delta(std::string_view origin, std::string_view delta) {
    size_t at = 0;
    const auto next = [&]() -> unsigned {
      if (at == delta.size()) broken();
      return static_cast<unsigned char>(delta[at++]);
    };
    const auto number = [&] {
      uint64_t value = 0;
      unsigned part = 0;
      unsigned shift = 0;
      do {
        part = next();
        if (shift > 56) broken();
        value |= static_cast<uint64_t>(part & 0x7FU) << shift;
        shift += 7;
      } while ((part & 0x80U) != 0);
      return value;
    };
    if (number() != origin.size()) broken();
    const uint64_t size = number();
    if (size > largest_object) throw Error("the server sent an object of absurd size");
    std::string out;
    out.reserve(static_cast<size_t>(size));
    while (at < delta.size()) {
      const unsigned operation = next();
      size_t offset = 0;
      size_t length = 0;
      if ((operation & 0x80U) != 0) {
        for (unsigned i = 0; i < 4; ++i) {
          if ((operation & 1U << i) != 0) offset |= static_cast<size_t>(next()) << 8U * i;
        }
        for (unsigned i = 0; i < 3; ++i) {
          if ((operation & 0x10U << i) != 0) length |= static_cast<size_t>(next()) << 8U * i;
        }
        if (length == 0) length = 0x10000;
        if (offset > origin.size() || length > origin.size() - offset) broken();
        out += origin.substr(offset, length);
      } else {
        length = operation;
        if (length == 0 || length > delta.size() - at) broken();
        out += delta.substr(at, length);
        at += length;
      }
      if (out.size() > size) broken();
    }
    if (out.size() != size) broken();
    return out;
  }

  base::ByteSource& pack_;
  const Visit& visit_;
  base::Hasher hasher_;
  codec::ZlibInflater inflater_;
  std::string buffer_;
  size_t position_ = 0;
  uint64_t dropped_ = 0;
  std::vector<char> drop_;
  uint64_t sum_ = 0;
  std::unordered_map<Oid, Kept, OidHash> kept_;
  std::unordered_map<uint64_t, Oid> offsets_;
  std::unordered_set<uint64_t> skipped_;
};

}  // namespace

void read_commits_and_trees(
    base::ByteSource& pack,
    const std::function<bool(ObjectType, const Oid&, std::string_view)>& visit) {
  PackParser(pack, visit).run();
}

}  // namespace git
