#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/stream.hpp"
#include "git/transport.hpp"

namespace git {

/// A lasting connection to one service on the far side, in both directions at once.
class Channel {
 public:
  struct Ready {
    bool readable = false;  ///< read() gives bytes or the end at once.
    bool writable = false;  ///< write() takes at least one byte at once.
  };
  virtual ~Channel() = default;
  /// Waits until there is something to read, or room to write if that is wanted.
  virtual Ready wait(bool want_write) = 0;
  virtual size_t read(std::span<char> buffer) = 0;  ///< 0 at the end.
  virtual size_t write(std::string_view bytes) = 0;
  /// Says that nothing more will be written.
  virtual void end_writing() = 0;
  /// What the far side has printed to stderr so far.
  virtual std::string errors() = 0;
};

/// Speaks to services over channels. While sending, replies are taken in as they come, so that
/// neither side can wait for the other for ever.
class ChannelTransport : public Transport {
 public:
  using Open = std::function<std::unique_ptr<Channel>(Service, Protocol)>;
  explicit ChannelTransport(Open open) : open_(std::move(open)) {}

  std::unique_ptr<base::ByteSource> advertise(Service service, Protocol protocol) override;
  std::unique_ptr<base::ByteSource> request(Service service, Protocol protocol,
                                            const MakeBody& body) override;
  bool stateless() const override { return false; }
  std::string finish(Service service) override;
  void abandon(Service service) override { conversation(service).reset(); }

 private:
  class Conversation;
  std::shared_ptr<Conversation>& conversation(Service service);

  Open open_;
  std::shared_ptr<Conversation> upload_;
  std::shared_ptr<Conversation> receive_;
};

}  // namespace git
