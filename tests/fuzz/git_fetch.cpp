#include "fuzz/support/fuzz.hpp"
#include "fuzz/support/recorded_transport.hpp"
#include "git/smart_remote.hpp"
#include "git/support/collecting_sink.hpp"

namespace {

constexpr const char* branch = "refs/heads/main";

git::SmartRemote remote_of(std::string_view said, bool stateless, base::Log& log) {
  return {std::make_unique<fuzz::RecordedTransport>(std::string(said), stateless), "the server",
          log};
}

}  // namespace

// All that a server says to someone who reads: capabilities, refs, answers, a pack.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view said = fuzz::text_of(data, size);
  base::Log log(-1);
  const auto commit = *git::Oid::parse("1111111111111111111111111111111111111111");
  fuzz::accepts([&] {
    base::MemorySource source{std::string(said)};
    const auto advertisement = git::read_advertisement(source);
    for (const auto& [ref, id] : advertisement.refs) {
      fuzz::require(ref.starts_with("refs/heads/"), "only branches are listed");
      fuzz::require(advertisement.find(ref) == id, "a branch is found");
    }
  });
  for (const bool stateless : {false, true}) {
    fuzz::accepts([&] {
      const auto history = remote_of(said, stateless, log).find_history(branch, commit);
      fuzz::require(history.size() <= said.size(), "no commit comes from nowhere");
    });
    fuzz::accepts([&] {
      CollectingSink sink;
      remote_of(said, stateless, log).fetch_commit(commit, branch, sink);
    });
  }
  return 0;
}
