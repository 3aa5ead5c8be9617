#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/handle.hpp"

/// One request as a test server sees it, and the means to answer it well or badly.
class Exchange {
 public:
  Exchange(int fd, std::string& received, const std::atomic<bool>& stopping)
      : fd_(fd), received_(received), stopping_(stopping) {}

  std::string method;
  std::string target;                          ///< Path and query as sent.
  std::map<std::string, std::string> headers;  ///< Names in lower case.

  std::string header(const std::string& lower_case_name) const;
  /// Reads the request body (Content-Length or chunked); not called: it stays unread.
  std::string body();
  /// A whole answer with Content-Length.
  void reply(int status, const std::vector<std::string>& header_lines = {},
             std::string_view content = "");
  /// The same in two pieces, with time in between for a client that does not want the second.
  void reply_in_pieces(int status, const std::vector<std::string>& header_lines,
                       std::string_view content);
  /// Any bytes; the connection is closed behind the last ones.
  void raw(std::string_view bytes);
  /// Waits until the client has gone or the server stops.
  void wait_for_close();
  /// Closes with what is unread still unread, so that the client gets a reset.
  void close() { keep_alive_ = false; }

  /// Reads the head of the next request; false when there is none.
  bool read_head();
  bool keep_alive() const { return keep_alive_; }

 private:
  bool receive();
  std::string take(size_t count);
  std::string take_line();

  int fd_;
  std::string& received_;  // Bytes of the connection that were read ahead.
  const std::atomic<bool>& stopping_;
  bool keep_alive_ = true;
  bool body_read_ = false;
};

/// An HTTP server on 127.0.0.1 whose answers a test scripts, bad ones included. Handlers run on one
/// thread per connection.
class LoopbackServer {
 public:
  using Handler = std::function<void(Exchange&)>;
  explicit LoopbackServer(Handler handler);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  unsigned port() const { return port_; }
  std::string host() const;  ///< "127.0.0.1:PORT"
  std::string url(std::string_view target) const;

  struct Seen {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;
  };
  std::vector<Seen> seen() const;
  /// How many connections there were so far.
  size_t connections() const { return accepted_; }
  /// "METHOD target" of each request so far.
  std::vector<std::string> lines() const;

 private:
  void accept_loop();
  void serve(base::UniqueFd connection);

  Handler handler_;
  base::UniqueFd listener_;
  unsigned port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::atomic<size_t> accepted_{0};
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};
