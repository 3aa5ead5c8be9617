#include "git/pack_parser.hpp"

#include <algorithm>
#include <optional>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "git/base_blocks.hpp"

namespace git {
namespace {

using base::Error;

constexpr uint64_t largest_commit = 16ULL * 1024 * 1024;
constexpr uint64_t largest_sum = 1024ULL * 1024 * 1024;
/// Git makes no deltas for files beyond 512 MiB (core.bigFileThreshold).
constexpr uint64_t largest_delta = 1024ULL * 1024 * 1024;
/// Of all instructions that lie in the temporary file.
constexpr uint64_t largest_shelf = 4096ULL * 1024 * 1024;
constexpr uint64_t longest_instructions_in_memory = 4ULL * 1024 * 1024;
/// Larger results of deltas are rarely built on again.
constexpr size_t largest_recent = 1024 * 1024;

/// A large blob on its way to the sink.
class HashingSink : public base::ByteSink {
 public:
  HashingSink(ObjectSink& sink, base::Hasher& hasher, uint64_t size)
      : blob_(sink.begin_large(size)), hasher_(hasher) {
    hash_object_header(hasher_, ObjectType::blob, size);
  }
  void write(std::string_view bytes) override {
    hasher_.update(bytes);
    blob_->write(bytes);
  }
  Oid finish() {
    const Oid id = Oid::from_raw(hasher_.finish());
    blob_->finish(id);
    return id;
  }

 private:
  std::unique_ptr<LargeBlob> blob_;
  base::Hasher& hasher_;
};

class ShelfSource : public base::ByteSource {
 public:
  ShelfSource(const TextShelf& shelf, const TextShelf::Place& place)
      : shelf_(shelf), place_(place) {}
  size_t read(std::span<char> buffer) override {
    const auto count =
        static_cast<size_t>(std::min<uint64_t>(buffer.size(), place_.size - position_));
    shelf_.read(place_, position_, buffer.first(count));
    position_ += count;
    return count;
  }

 private:
  const TextShelf& shelf_;
  TextShelf::Place place_;
  uint64_t position_ = 0;
};

void check_text_size(bool is_commit, uint64_t size) {
  if (size <= (is_commit ? largest_commit : largest_tree)) return;
  throw Error("the server sent a directory or commit of absurd size");
}

}  // namespace

void PackParser::run(const std::function<bool()>& stop) {
  for (uint32_t i = 0; i < stream_.count(); ++i) {
    base::throw_if_cancelled();
    const PackEntry entry = stream_.next();
    if (entry.delta == PackEntry::Delta::none) {
      records_.add(entry.offset, read_plain(entry));
    } else {
      read_delta(entry);
    }
    if (stop()) return;
  }
  stream_.finish();
  resolve_waiting(stop);
}

PackParser::Record PackParser::pass_over(const PackEntry& entry) {
  stream_.inflate(entry, [](std::string_view) {});
  return {};
}

PackParser::Record PackParser::read_plain(const PackEntry& entry) {
  const bool is_blob = entry.type == ObjectType::blob;
  if (entry.type == ObjectType::tag || (is_blob && blobs_ == Blobs::pass_over)) {
    return pass_over(entry);
  }
  if (is_blob && entry.size > largest_whole_blob) {
    HashingSink out(sink_, hasher_, entry.size);
    stream_.inflate(entry, [&](std::string_view bytes) { out.write(bytes); });
    return {out.finish(), State::blob, static_cast<uint32_t>(entry.size)};
  }
  if (!is_blob) check_text_size(entry.type == ObjectType::commit, entry.size);
  return hand_over(entry.type, stream_.inflate(entry));
}

void PackParser::read_delta(const PackEntry& entry) {
  const bool by_id = entry.delta == PackEntry::Delta::by_id;
  const auto base = by_id ? records_.find(entry.base_id) : records_.find(entry.base_offset);
  if (!base && !by_id) throw_broken_pack("a delta for something that is no object");
  if (!base || records_.at(*base).state == State::waiting) {
    wait(entry, base);
  } else if (records_.at(*base).state == State::passed_over) {
    records_.add(entry.offset, pass_over(entry));
  } else {
    const Record record = resolve(records_.at(*base), read_instructions(entry));
    records_.add(entry.offset, record);
  }
}

PackParser::Instructions PackParser::read_instructions(const PackEntry& entry) {
  Instructions instructions;
  if (entry.size > largest_delta) throw Error("the server sent a delta of absurd size");
  if (entry.size <= longest_instructions_in_memory) {
    instructions.bytes = stream_.inflate(entry);
  } else {
    count_shelved(entry.size);
    instructions.place = shelf_.start();
    stream_.inflate(entry,
                    [&](std::string_view bytes) { shelf_.extend(instructions.place, bytes); });
  }
  return instructions;
}

void PackParser::count_shelved(uint64_t size) {
  shelved_ += size;
  if (shelved_ > largest_shelf) throw Error("the server sent deltas of absurd size");
}

PackParser::Record PackParser::resolve(const Record& base, const Instructions& instructions) {
  if (instructions.place.size == 0) {
    Delta delta(instructions.bytes);
    return apply(base, delta);
  }
  ShelfSource source(shelf_, instructions.place);
  Delta delta(source);
  return apply(base, delta);
}

PackParser::Record PackParser::apply(const Record& base, Delta& delta) {
  if (base.state == State::blob) {
    if (static_cast<uint32_t>(delta.base_size()) != base.detail) {
      throw_broken_pack("a delta for an object of another size");
    }
    return apply_to_blob(base.id, delta);
  }
  check_text_size(base.state == State::commit, delta.result_size());
  base::StringSink out(static_cast<size_t>(delta.result_size()));
  delta.apply({text_of(base.detail)}, out);
  return hand_over(base.state == State::commit ? ObjectType::commit : ObjectType::tree, out.take());
}

const std::string& PackParser::text_of(uint32_t number) {
  if (last_text_number_ != number) {
    const TextShelf::Place& place = kept_[number];
    count_base(place.size);
    last_text_number_.reset();
    last_text_.resize(static_cast<size_t>(place.size));
    shelf_.read(place, 0, last_text_);
    last_text_number_ = number;
  }
  return last_text_;
}

void PackParser::count_base(uint64_t size) {
  base_bytes_ += size;
  if (base_bytes_ > most_base_bytes_) {
    throw Error(
        "the server sent deltas that take too long to resolve; have the repository packed "
        "anew (git gc)");
  }
}

PackParser::Record PackParser::apply_to_blob(const Oid& base, Delta& delta) {
  auto bytes = recent_.find(base);
  if (bytes == nullptr) {
    const auto content = sink_.read_back(base);
    if (delta.base_size() > largest_whole_blob) {
      const BaseBlocks blocks(content, delta.base_size(),
                              [this](uint64_t size) { count_base(size); });
      return make_blob(delta, {{}, &blocks});
    }
    count_base(delta.base_size());
    std::string whole(static_cast<size_t>(delta.base_size()), '\0');
    if (!whole.empty()) content->read_at(0, whole);
    bytes = std::make_shared<const std::string>(std::move(whole));
    recent_.put(base, bytes);
  }
  return make_blob(delta, {*bytes});
}

PackParser::Record PackParser::make_blob(Delta& delta, const DeltaBase& base) {
  if (delta.result_size() > largest_whole_blob) {
    HashingSink out(sink_, hasher_, delta.result_size());
    delta.apply(base, out);
    return {out.finish(), State::blob, static_cast<uint32_t>(delta.result_size())};
  }
  base::StringSink out(static_cast<size_t>(delta.result_size()));
  delta.apply(base, out);
  std::string content = out.take();
  if (content.size() > largest_recent) return hand_over(ObjectType::blob, std::move(content));
  const auto copy = std::make_shared<const std::string>(content);
  const Record record = hand_over(ObjectType::blob, std::move(content));
  recent_.put(record.id, copy);
  return record;
}

PackParser::Record PackParser::hand_over(ObjectType type, std::string content) {
  Record record{object_id(hasher_, type, content), State::blob};
  if (type == ObjectType::blob) {
    record.detail = static_cast<uint32_t>(content.size());
    sink_.blob(record.id, std::move(content));
    return record;
  }
  kept_bytes_ += content.size();
  if (kept_bytes_ > largest_sum) throw Error("the server sent directories of absurd size");
  record.detail = static_cast<uint32_t>(kept_.size());
  kept_.push_back(shelf_.put(content));
  if (type == ObjectType::commit) {
    record.state = State::commit;
    sink_.commit(record.id, std::move(content));
  } else {
    record.state = State::tree;
    sink_.tree(record.id, std::move(content));
  }
  return record;
}

/// Puts a delta aside whose base is not known yet: it may come later, or never.
void PackParser::wait(const PackEntry& entry, std::optional<uint32_t> base) {
  Waiting waiting;
  Instructions instructions = read_instructions(entry);
  if (instructions.place.size == 0) count_shelved(entry.size);
  waiting.place = instructions.place.size > 0 ? instructions.place : shelf_.put(instructions.bytes);
  waiting.number = records_.add(entry.offset, {{}, State::waiting});
  if (base) {
    waiting_for_number_.emplace(*base, waiting);
  } else {
    waiting_for_id_.emplace(entry.base_id, waiting);
  }
}

void PackParser::resolve_waiting(const std::function<bool()>& stop) {
  std::vector<uint32_t> known;
  for (const auto& [id, waiting] : waiting_for_id_) {
    if (const auto number = records_.find(id)) known.push_back(*number);
  }
  const auto settle = [&](const Waiting& waiting, const Record& base) {
    Instructions instructions;
    if (waiting.place.size > longest_instructions_in_memory) {
      instructions.place = waiting.place;
    } else {
      instructions.bytes = shelf_.get(waiting.place);
    }
    records_.settle(waiting.number, resolve(base, instructions));
    known.push_back(waiting.number);
  };
  while (!known.empty()) {
    base::throw_if_cancelled();
    const uint32_t number = known.back();
    known.pop_back();
    const Record base = records_.at(number);
    const auto by_id = waiting_for_id_.extract(base.id);
    if (!by_id.empty()) {
      known.push_back(number);
      settle(by_id.mapped(), base);
    } else if (const auto by_number = waiting_for_number_.extract(number); !by_number.empty()) {
      known.push_back(number);
      settle(by_number.mapped(), base);
    }
    if (stop()) return;
  }
  const bool all = waiting_for_id_.empty() && waiting_for_number_.empty();
  if (!all && blobs_ == Blobs::hand_over) throw_broken_pack("it lacks what a delta builds on");
}

}  // namespace git
