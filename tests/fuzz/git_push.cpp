#include "fuzz/support/fuzz.hpp"
#include "fuzz/support/recorded_transport.hpp"
#include "git/smart_remote.hpp"

// All that a server says to someone who pushes: refs, progress, the report on what became of it.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::require;
  const std::string said(fuzz::text_of(data, size));
  const std::string branch = "refs/heads/main";
  base::Log log(-1);
  fuzz::accepts([&] {
    git::SmartRemote remote(std::make_unique<fuzz::RecordedTransport>(said, true), "the server",
                            log);
    const auto tip = remote.find_for_pushing(branch);
    remote.default_tip();
    const git::PackObject blob{*git::Oid::parse(std::string(40, 'b')),
                               git::ObjectType::blob,
                               5,
                               "hello",
                               nullptr,
                               nullptr};
    const auto reply = remote.push({branch, tip, blob.id}, {blob}, 1);
    // The bytes may be spread over packets, so "ok" is all that is sure to be in one piece.
    require(!reply.accepted || said.find("ok") != said.npos, "nobody says it for the server");
    require(reply.accepted || !reply.reason.empty() || said.find("ng ") != said.npos,
            "a refusal has a reason");
    require(base::printable(reply.reason) == reply.reason, "a reason is one printable line");
    remote.remove(branch, blob.id);
  });
  return 0;
}
