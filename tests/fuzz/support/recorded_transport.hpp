#pragma once
#include <memory>
#include <string>

#include "base/stream.hpp"
#include "git/transport.hpp"

namespace fuzz {

/// A server whose every word was recorded before it was asked, on one lasting connection.
class RecordedTransport : public git::Transport {
 public:
  RecordedTransport(std::string said, bool stateless)
      : said_(std::make_shared<base::MemorySource>(std::move(said))), stateless_(stateless) {}

  std::unique_ptr<base::ByteSource> advertise(git::Service, git::Protocol) override {
    return std::make_unique<Rest>(said_);
  }
  std::unique_ptr<base::ByteSource> request(git::Service, git::Protocol,
                                            const git::MakeBody& body) override {
    base::drain(*body());
    return std::make_unique<Rest>(said_);
  }
  bool stateless() const override { return stateless_; }
  std::string finish(git::Service) override { return ""; }
  void abandon(git::Service) override {}

 private:
  class Rest : public base::ByteSource {
   public:
    explicit Rest(std::shared_ptr<base::ByteSource> said) : said_(std::move(said)) {}
    size_t read(std::span<char> buffer) override { return said_->read(buffer); }

   private:
    std::shared_ptr<base::ByteSource> said_;
  };

  std::shared_ptr<base::ByteSource> said_;
  bool stateless_;
};

}  // namespace fuzz
