#include "git/channel.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.hpp"

namespace git {
namespace {

/// More than this of a reply before the request is sent is no git server.
constexpr size_t most_early_reply = 64 * 1024 * 1024;
/// A far side that goes on after its answer is listened to for this many bytes.
constexpr size_t most_late_reply = 1024 * 1024;

}  // namespace

class ChannelTransport::Conversation {
 public:
  explicit Conversation(std::unique_ptr<Channel> channel) : channel_(std::move(channel)) {}

  size_t read(std::span<char> buffer) {
    if (position_ < early_.size()) {
      const size_t count = std::min(buffer.size(), early_.size() - position_);
      std::memcpy(buffer.data(), early_.data() + position_, count);
      position_ += count;
      return count;
    }
    if (ended_) return 0;
    while (!channel_->wait(false).readable) {}
    const size_t count = channel_->read(buffer);
    ended_ = count == 0;
    return count;
  }

  void send(base::ByteSource& body) {
    std::vector<char> buffer(256 * 1024);
    // A far side that has ended reads no more; its reply says why.
    while (!ended_) {
      const size_t count = body.read(buffer);
      if (count == 0) return;
      std::string_view bytes(buffer.data(), count);
      while (!bytes.empty() && !ended_) {
        const Channel::Ready ready = channel_->wait(true);
        if (ready.readable) keep_early_reply();
        if (ready.writable && !ended_) bytes.remove_prefix(channel_->write(bytes));
      }
    }
  }

  std::string finish() {
    channel_->end_writing();
    // What else it says is not wanted, but it may wait for somebody to read it.
    std::vector<char> buffer(64 * 1024);
    for (size_t left = most_late_reply; left > 0;) {
      const size_t count = read(std::span(buffer).first(std::min(left, buffer.size())));
      if (count == 0) break;
      left -= count;
    }
    return channel_->errors();
  }
  void end_writing() { channel_->end_writing(); }

 private:
  void keep_early_reply() {
    if (position_ == early_.size()) {
      early_.clear();
      position_ = 0;
    }
    if (early_.size() > most_early_reply) throw base::Error("the server's reply has no end");
    const size_t before = early_.size();
    early_.resize(before + 64 * 1024);
    const size_t count = channel_->read(std::span(early_).subspan(before));
    early_.resize(before + count);
    ended_ = count == 0;
  }

  std::unique_ptr<Channel> channel_;
  std::string early_;
  size_t position_ = 0;
  bool ended_ = false;
};

namespace {

template <class Shared>
class ConversationSource : public base::ByteSource {
 public:
  explicit ConversationSource(Shared conversation) : conversation_(std::move(conversation)) {}
  size_t read(std::span<char> buffer) override { return conversation_->read(buffer); }

 private:
  Shared conversation_;
};

}  // namespace

std::shared_ptr<ChannelTransport::Conversation>& ChannelTransport::conversation(Service service) {
  return service == Service::upload_pack ? upload_ : receive_;
}

std::unique_ptr<base::ByteSource> ChannelTransport::advertise(Service service, Protocol protocol) {
  auto& current = conversation(service);
  // Where no new one can be opened, nobody must wait for the end of the old one.
  current.reset();
  current = std::make_shared<Conversation>(open_(service, protocol));
  return std::make_unique<ConversationSource<std::shared_ptr<Conversation>>>(current);
}

std::unique_ptr<base::ByteSource> ChannelTransport::request(Service service, Protocol /*protocol*/,
                                                            const MakeBody& body) {
  auto& current = conversation(service);
  current->send(*body());
  // A push is one request; the far side may wait for the end of its input.
  if (service == Service::receive_pack) current->end_writing();
  return std::make_unique<ConversationSource<std::shared_ptr<Conversation>>>(current);
}

std::string ChannelTransport::finish(Service service) {
  auto& current = conversation(service);
  if (current == nullptr) return "";
  std::string said = current->finish();
  current.reset();
  return said;
}

}  // namespace git
