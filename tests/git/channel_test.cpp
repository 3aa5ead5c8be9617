#include "git/channel.hpp"

#include "support/catch.hpp"
#include "support/message_of.hpp"

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
