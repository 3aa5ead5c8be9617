#include "fuzz/support/fuzz.hpp"
#include "git/pack_reader.hpp"
#include "git/support/collecting_sink.hpp"
#include "git/support/pack_builder.hpp"

namespace {

using fuzz::require;

/// A pack whose entries an input chooses, and what has to come out of it.
struct Made {
  explicit Made(fuzz::Bytes choices) {
    while (!choices.empty() && starts.size() < 40) add(choices);
    count = choices.byte();
  }

  void add(fuzz::Bytes& choices) {
    const uint8_t kind = choices.byte();
    const std::string_view text = choices.text(choices.byte());
    if (kind % 8 < 3 || starts.empty()) {
      remember(builder.add(static_cast<git::ObjectType>(1 + kind % 3), text),
               static_cast<git::ObjectType>(1 + kind % 3), std::string(text));
      return;
    }
    const size_t base = choices.byte() % starts.size();
    const std::string appended = contents[base] + std::string(text.substr(0, 100));
    switch (kind % 8) {
      case 3:
      case 4: {
        if (text.empty()) break;
        const auto delta =
            delta_appending(static_cast<uint32_t>(contents[base].size()), text.substr(0, 100));
        remember(kind % 8 == 3 ? builder.add_delta(starts[base], delta)
                               : builder.add_delta(id_of(base), delta),
                 types[base], appended);
        break;
      }
      case 5:
        honest = false;
        remember(builder.add_delta(starts[base], text), types[base], std::string(text));
        break;
      case 6:
        honest = false;
        remember(builder.add(git::ObjectType::blob, text, choices.byte() * 100U),
                 git::ObjectType::blob, std::string(text));
        break;
      default:
        honest = false;
        builder.add_raw(text);
    }
  }

  void remember(size_t start, git::ObjectType type, std::string content) {
    starts.push_back(start);
    types.push_back(type);
    contents.push_back(std::move(content));
  }

  git::Oid id_of(size_t at) const {
    base::Hasher hasher(base::HashAlgorithm::sha1);
    return git::object_id(hasher, types[at], contents[at]);
  }

  bool has_all(const CollectingSink& sink) const {
    for (size_t at = 0; at < starts.size(); ++at) {
      const auto& where = types[at] == git::ObjectType::commit ? sink.commits
                          : types[at] == git::ObjectType::tree ? sink.trees
                                                               : sink.blobs;
      const auto found = where.find(id_of(at));
      if (found == where.end() || found->second != contents[at]) return false;
    }
    return true;
  }

  PackBuilder builder;
  std::vector<size_t> starts;
  std::vector<git::ObjectType> types;
  std::vector<std::string> contents;
  bool honest = true;
  uint8_t count = 0;
};

}  // namespace

// Entries of a pack, each with its kind, its length, its bytes and what it builds on. Their sums
// are right, so that what lies behind them is reached.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Made made{fuzz::Bytes(fuzz::text_of(data, size))};
  const bool count_lies = made.count > 200;
  const std::string pack = count_lies ? made.builder.pack(made.count) : made.builder.pack();
  CollectingSink sink;
  const bool accepted = fuzz::accepts([&] {
    base::MemorySource source(pack);
    git::read_objects(source, sink);
  });
  if (made.honest && !count_lies) {
    require(accepted, "a right pack is accepted");
    require(made.has_all(sink), "each object of a pack comes out of it");
  }
  fuzz::accepts([&] {
    base::MemorySource source(pack);
    git::read_commits_and_trees(source, [&](git::ObjectType, const git::Oid& id, auto) {
      require(!accepted || sink.commits.contains(id) || sink.trees.contains(id),
              "both ways of reading a pack find the same");
      return true;
    });
  });
  return 0;
}
