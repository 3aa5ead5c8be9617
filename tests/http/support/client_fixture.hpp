#pragma once
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/stream.hpp"
#include "http/client.hpp"
#include "support/loopback_server.hpp"

/// Gives `size` bytes of a pattern in pieces and counts what was taken.
class PatternSource : public base::ByteSource {
 public:
  explicit PatternSource(uint64_t size) : size_(size) {}
  size_t read(std::span<char> buffer) override;
  uint64_t given() const { return given_; }

 private:
  uint64_t size_;
  uint64_t given_ = 0;
};

/// A client with a quiet log.
struct ClientFixture {
  explicit ClientFixture(http::Options options = {}) : client(std::move(options), log) {}

  static http::Request request(const LoopbackServer& server, const std::string& target,
                               const std::string& method = "GET");
  /// The whole body of a response.
  static std::string text(http::Response& response);
  /// The cause of the TransportError that `action` throws; nothing when it throws none.
  template <class Action>
  static std::optional<http::TransportError::Cause> cause_of(Action action) {
    try {
      action();
    } catch (const http::TransportError& error) {
      return error.cause();
    }
    return std::nullopt;
  }

  base::Log log{-1};
  http::Client client;
};
