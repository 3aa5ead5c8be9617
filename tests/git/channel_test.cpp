#include "git/channel.hpp"

#include <filesystem>
#include <fstream>

#include "git/local_transport.hpp"
#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace {

/// A far side that has nothing to say, and notes when somebody waits for it.
class Silent : public git::Channel {
 public:
  explicit Silent(bool& waited_for) : waited_for_(waited_for) {}
  Ready wait(bool) override {
    waited_for_ = true;
    return {true, false};
  }
  size_t read(std::span<char>) override { return 0; }
  size_t write(std::string_view bytes) override { return bytes.size(); }
  void end_writing() override {}
  std::string errors() override { return ""; }

 private:
  bool& waited_for_;
};

}  // namespace

TEST_CASE("where no new conversation can be opened, nobody waits for the end of the old one") {
  bool opened = false;
  bool waited_for = false;
  git::ChannelTransport transport(
      [&](git::Service, git::Protocol) -> std::unique_ptr<git::Channel> {
        if (std::exchange(opened, true)) throw base::Error("connection refused");
        return std::make_unique<Silent>(waited_for);
      });
  transport.advertise(git::Service::receive_pack, git::Protocol::v0);
  CHECK(message_of([&] { transport.advertise(git::Service::receive_pack, git::Protocol::v0); }) ==
        "connection refused");
  CHECK(transport.finish(git::Service::receive_pack).empty());
  CHECK_FALSE(waited_for);
}

TEST_CASE("git says why it refuses in the language that is understood here") {
  const ScratchDir scratch;
  const std::filesystem::path program = scratch / "git-upload-pack";
  std::ofstream(program) << "#!/bin/sh\n/usr/bin/tr '\\0' '\\n' < /proc/$$/environ >&2\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const Environment path("PATH", scratch.path());
  const Environment locale("LC_ALL", "de_DE.UTF-8");
  const Environment language("LANGUAGE", "de");
  const auto transport = git::open_local_transport("/nowhere");
  transport->advertise(git::Service::upload_pack, git::Protocol::v0);
  const std::string said = transport->finish(git::Service::upload_pack);
  CHECK(contains(said, "LC_ALL=C.UTF-8\n"));
  CHECK_FALSE(contains(said, "LC_ALL=de"));
  CHECK_FALSE(contains(said, "LANGUAGE="));
}
