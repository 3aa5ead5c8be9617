#include "fuzz/support/fuzz.hpp"
#include "git/pack_reader.hpp"
#include "git/support/collecting_sink.hpp"
#include "support/trickle.hpp"

namespace {

bool read(std::string_view pack, size_t most, CollectingSink& sink) {
  return fuzz::accepts([&] {
    Trickle slow(std::string(pack), most);
    git::read_objects(slow, sink);
  });
}

}  // namespace

// A pack as a server sends it.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::require;
  const std::string_view pack = fuzz::text_of(data, size);
  CollectingSink whole;
  CollectingSink slow;
  const bool accepted = read(pack, size + 1, whole);
  require(read(pack, 7, slow) == accepted, "how a pack arrives does not matter");
  require(!accepted || (whole.commits == slow.commits && whole.trees == slow.trees &&
                        whole.blobs == slow.blobs),
          "objects are the same however they arrive");
  fuzz::accepts([&] {
    base::MemorySource source{std::string(pack)};
    git::read_commits_and_trees(source, [&](git::ObjectType type, const git::Oid& id, auto text) {
      base::Hasher hasher(base::HashAlgorithm::sha1);
      require(git::object_id(hasher, type, text) == id, "an id is that of the bytes");
      return true;
    });
  });
  return 0;
}
