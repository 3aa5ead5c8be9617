#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/client.hpp"
#include "http/curl_handle.hpp"
#include "http/upload.hpp"

namespace http {

/// What the transfers of one client share: the connections.
class Multi {
 public:
  Multi();
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  CURLM* handle() { return handle_.get(); }
  /// Lets libcurl do what it can without waiting and notes which transfers ended.
  void perform();
  /// Waits until a socket is ready, at most `limit`.
  void wait(std::chrono::milliseconds limit);

 private:
  MultiHandle handle_;
};

/// One request and its answer. libcurl runs only inside pull() and read_headers(), so a reader that
/// pauses makes the server wait; a full buffer pauses the transfer when others keep libcurl going.
class Transfer {
 public:
  /// `place` is that of Options.
  Transfer(std::shared_ptr<Multi> multi, EasyHandle easy, const Request& request,
           std::string_view place);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Works until the final status and header fields are here.
  void read_headers();
  long status() const { return status_; }
  Headers& headers() { return headers_; }
  /// The next bytes of the body; 0 at its end.
  size_t pull(std::span<char> buffer);

  /// Called by Multi::perform.
  void finished(CURLcode code) { result_ = code; }

 private:
  static size_t on_header(char* data, size_t size, size_t count, void* self) noexcept;
  static size_t on_body(char* data, size_t size, size_t count, void* self) noexcept;
  static size_t on_upload(char* data, size_t size, size_t count, void* self) noexcept;

  void set_headers(const Request& request);
  void set_body_options(const Request& request);
  void set_signature(const AwsSignature& signature);
  void take_header(std::string_view line);
  size_t take_body(std::string_view bytes);
  size_t give_upload(std::span<char> buffer);
  void resume(int direction);
  void step();
  /// The same with `buffer` for what comes of the body; how many bytes did.
  size_t step_into(std::span<char> buffer);
  size_t take_buffered(std::span<char> buffer);
  void wait();
  uint64_t bytes_moved();
  bool answered_early() const;
  [[noreturn]] void fail();

  std::shared_ptr<Multi> multi_;
  EasyHandle easy_;
  HeaderList header_list_;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  Url url_;
  std::string place_;
  bool in_multi_ = false;
  std::exception_ptr parked_;       // What a callback could not throw through C.
  std::optional<CURLcode> result_;  // Set when the transfer has ended.

  long status_ = 0;
  Headers headers_;
  size_t header_bytes_ = 0;
  bool headers_complete_ = false;

  std::span<char> target_;  // Where the reader wants bytes; used before buffer_.
  size_t target_filled_ = 0;
  std::string buffer_;
  size_t buffer_position_ = 0;
  bool body_paused_ = false;

  std::optional<Upload> upload_;
  bool upload_started_ = false;  // Not before libcurl is connected and asks for it.
  bool upload_paused_ = false;

  std::chrono::seconds stall_timeout_;
  std::chrono::seconds answer_timeout_;
  std::chrono::steady_clock::duration waited_{};
  uint64_t last_moved_ = 0;
};

}  // namespace http
