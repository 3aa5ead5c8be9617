#include "support/loopback_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

#include "base/text.hpp"

namespace {

using base::cat;

bool readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 20) > 0;
}

}  // namespace

std::string Exchange::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

bool Exchange::receive() {
  while (!readable(fd_)) {
    if (stopping_) return false;
  }
  std::array<char, 64 * 1024> buffer{};
  const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<size_t>(count));
  return true;
}

std::string Exchange::take(size_t count) {
  while (received_.size() < count && receive()) {}
  std::string bytes = received_.substr(0, count);
  received_.erase(0, bytes.size());
  return bytes;
}

std::string Exchange::take_line() {
  while (received_.find('\n') == std::string::npos && receive()) {}
  const std::string line = take(std::min(received_.find('\n'), received_.size() - 1) + 1);
  return std::string(base::trim(line));
}

bool Exchange::read_head() {
  if (received_.empty() && !receive()) return false;
  const std::string line = take_line();
  const std::vector<std::string_view> words = base::split(line, ' ');
  if (words.size() != 3 || !words[2].starts_with("HTTP/1.")) return false;
  method = words[0];
  target = words[1];
  for (std::string field = take_line(); !field.empty(); field = take_line()) {
    const size_t colon = field.find(':');
    if (colon == std::string::npos) return false;
    // Of a field that comes twice, both values (RFC 9110 section 5.3).
    base::append_item(headers[base::to_lower(field.substr(0, colon))], ", ",
                      base::trim(std::string_view(field).substr(colon + 1)));
  }
  body_read_ = header("content-length").empty() && header("transfer-encoding").empty();
  return true;
}

std::string Exchange::body() {
  if (body_read_) return "";
  body_read_ = true;
  if (header("transfer-encoding") != "chunked") return take(std::stoul(header("content-length")));
  std::string content;
  while (true) {
    const size_t size = std::stoul(take_line(), nullptr, 16);
    content += take(size);
    take_line();
    if (size == 0) return content;
  }
}

void Exchange::reply(int status, const std::vector<std::string>& header_lines,
                     std::string_view content) {
  std::string head = cat("HTTP/1.1 ", status, " Scripted\r\n");
  for (const std::string& line : header_lines) head += cat(line, "\r\n");
  head += cat("Content-Length: ", content.size(), "\r\n\r\n");
  const bool keep = keep_alive_ && body_read_;
  raw(method == "HEAD" ? head : cat(head, content));
  keep_alive_ = keep;
}

void Exchange::reply_in_pieces(int status, const std::vector<std::string>& header_lines,
                               std::string_view content) {
  std::string head = cat("HTTP/1.1 ", status, " Scripted\r\n");
  for (const std::string& line : header_lines) head += cat(line, "\r\n");
  raw(cat(head, "Content-Length: ", content.size(), "\r\n\r\n"));
  // Whoever leaves shows as readable.
  for (int i = 0; i < 10 && !readable(fd_); ++i) {}
  raw(content);
  keep_alive_ = body_read_;
}

void Exchange::raw(std::string_view bytes) {
  keep_alive_ = false;
  while (!bytes.empty()) {
    const ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;  // The client may leave whenever it likes.
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

void Exchange::wait_for_close() {
  keep_alive_ = false;
  while (receive()) received_.clear();
}

LoopbackServer::LoopbackServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = base::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
  if (!listener_ || bind(listener_.get(), generic, size) != 0 || listen(listener_.get(), 16) != 0 ||
      getsockname(listener_.get(), generic, &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

LoopbackServer::~LoopbackServer() {
  stopping_ = true;
  acceptor_.join();
  for (std::thread& connection : connections_) connection.join();
}

std::string LoopbackServer::host() const {
  return cat("127.0.0.1:", port_);
}

std::string LoopbackServer::url(std::string_view target) const {
  return cat("http://", host(), target);
}

std::vector<LoopbackServer::Seen> LoopbackServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::vector<std::string> LoopbackServer::lines() const {
  std::vector<std::string> lines;
  for (const Seen& request : seen()) lines.push_back(cat(request.method, " ", request.target));
  return lines;
}

void LoopbackServer::accept_loop() {
  while (!stopping_) {
    if (!readable(listener_.get())) continue;
    base::UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) continue;
    ++accepted_;
    connections_.emplace_back([this, fd = connection.release()] { serve(base::UniqueFd(fd)); });
  }
}

void LoopbackServer::serve(base::UniqueFd connection) {
  std::string received;
  bool open = true;
  while (open) {
    Exchange exchange(connection.get(), received, stopping_);
    if (!exchange.read_head()) return;
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back({exchange.method, exchange.target, exchange.headers});
    }
    handler_(exchange);
    open = exchange.keep_alive();
  }
}
