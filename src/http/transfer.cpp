#include "http/transfer.hpp"

#include <algorithm>
#include <cstring>

#include "base/cancel.hpp"
#include "base/text.hpp"
#include "http/no_proxy.hpp"
#include "http/transfer_error.hpp"

namespace http {
namespace {

using base::cat;

constexpr size_t buffer_high_mark = 256 * 1024;
constexpr size_t header_limit = 1024 * 1024;
constexpr std::chrono::milliseconds wait_slice{200};

}  // namespace

Transfer::Transfer(std::shared_ptr<Multi> multi, EasyHandle easy, const Request& request,
                   std::string_view place)
    : multi_(std::move(multi)),
      easy_(std::move(easy)),
      url_(request.url),
      place_(place),
      stall_timeout_(request.stall_timeout),
      answer_timeout_(std::max(request.stall_timeout, request.answer_timeout)) {
  if (request.body != nullptr) upload_.emplace(*request.body, request.body_size);
  EasyOptions options(easy_.get());
  options.set_object(CURLOPT_ERRORBUFFER, detail_.data());
  options.set_object(CURLOPT_PRIVATE, this);
  options.set(CURLOPT_URL, url_.text());
  options.set_function(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  options.set_object(CURLOPT_HEADERDATA, this);
  options.set_function(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  options.set_object(CURLOPT_WRITEDATA, this);
  set_headers(request);
  if (request.decode) {
    options.set(CURLOPT_ACCEPT_ENCODING, "identity");
    options.set(CURLOPT_HTTP_CONTENT_DECODING, 1L);
  }
  set_body_options(request);
  if (request.signature) set_signature(*request.signature);
  const auto without_proxy = request.use_proxy == UseProxy::no ? "*" : hosts_without_proxy(url_);
  if (without_proxy) options.set(CURLOPT_NOPROXY, *without_proxy);

  check(curl_multi_add_handle(multi_->handle(), easy_.get()), "start a transfer");
  in_multi_ = true;
}

Transfer::~Transfer() {
  if (in_multi_) curl_multi_remove_handle(multi_->handle(), easy_.get());
}

void Transfer::set_headers(const Request& request) {
  const auto add_header = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(header_list_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)header_list_.release();
    header_list_.reset(longer);
  };
  for (const std::string& line : request.headers) {
    if (line.find_first_of("\r\n") != std::string::npos) {
      throw base::Error("a header field of a request has a line break");
    }
    add_header(line);
  }
  if (!request.authorization.empty()) {
    if (request.authorization.reveal().find_first_of("\r\n") != std::string::npos) {
      throw base::Error("the credentials have a line break");
    }
    add_header(cat("Authorization: ", request.authorization.reveal()));
  }
  // Digests are of the bytes as stored, and waiting for "100 Continue" costs a second with servers
  // that do not know it. What is signed stays as it was given.
  if (!request.signature) {
    add_header("Accept-Encoding: identity");
    add_header("Expect:");
  }
  if (upload_ && !request.body_size) add_header("Transfer-Encoding: chunked");
  EasyOptions(easy_.get()).set(CURLOPT_HTTPHEADER, header_list_.get());
}

void Transfer::set_body_options(const Request& request) {
  EasyOptions options(easy_.get());
  if (upload_) {
    options.set(CURLOPT_UPLOAD, 1L);
    options.set_function(CURLOPT_READFUNCTION, &Transfer::on_upload);
    options.set_object(CURLOPT_READDATA, this);
    // The server may be about to close a kept connection, and what was sent into it is gone.
    options.set(CURLOPT_FRESH_CONNECT, 1L);
    options.set(CURLOPT_UPLOAD_BUFFERSIZE, 1024L * 1024);
    if (request.body_size) {
      options.set_large(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*request.body_size));
    }
    options.set(CURLOPT_CUSTOMREQUEST, request.method);
  } else if (request.content) {
    const std::string& content = request.content->reveal();
    options.set_large(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(content.size()));
    options.set(CURLOPT_COPYPOSTFIELDS, content);
    options.set(CURLOPT_CUSTOMREQUEST, request.method);
  } else if (request.method == "HEAD") {
    options.set(CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    options.set(CURLOPT_CUSTOMREQUEST, request.method);
  }
}

void Transfer::set_signature(const AwsSignature& signature) {
  EasyOptions options(easy_.get());
  // curl 8.14 and later refuse both at once, so that what is signed is what is sent.
  options.set(CURLOPT_PATH_AS_IS, 0L);
  options.set(CURLOPT_AWS_SIGV4, cat("aws:amz:", signature.region, ":", signature.service));
  options.set(CURLOPT_USERNAME, signature.access_key_id);
  options.set(CURLOPT_PASSWORD, signature.secret_access_key.reveal());
}

size_t Transfer::on_header(char* data, size_t size, size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    transfer.take_header({data, size * count});
    return size * count;
  } catch (...) {
    transfer.parked_ = std::current_exception();
    return 0;
  }
}

size_t Transfer::on_body(char* data, size_t size, size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.take_body({data, size * count});
  } catch (...) {
    transfer.parked_ = std::current_exception();
    return 0;
  }
}

size_t Transfer::on_upload(char* data, size_t size, size_t count, void* self) noexcept {
  return static_cast<Transfer*>(self)->give_upload({data, size * count});
}

void Transfer::take_header(std::string_view line) {
  if (headers_complete_) return;  // Trailers.
  header_bytes_ += line.size();
  if (header_bytes_ > header_limit) throw base::Error(cat(url_.host, " sends endless headers"));
  const std::string_view text = base::trim(line);
  if (line.starts_with(' ') || line.starts_with('\t')) {
    headers_.append_to_last(text);  // A field over several lines (RFC 9112 section 5.2).
  } else if (text.starts_with("HTTP/")) {
    headers_ = Headers();
    check(curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status_), "read the status");
  } else if (text.empty()) {
    headers_complete_ = status_ >= 200;
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    headers_.add(std::string(base::trim(text.substr(0, colon))),
                 std::string(base::trim(text.substr(colon + 1))));
  }
}

size_t Transfer::take_body(std::string_view bytes) {
  const size_t direct = std::min(bytes.size(), target_.size() - target_filled_);
  const std::string_view rest = bytes.substr(direct);
  // All or nothing: libcurl offers a refused piece again as a whole.
  if (!rest.empty() && buffer_.size() - buffer_position_ >= buffer_high_mark) {
    body_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  std::copy_n(bytes.begin(), direct, target_.begin() + static_cast<ptrdiff_t>(target_filled_));
  target_filled_ += direct;
  if (buffer_position_ >= buffer_high_mark) {
    buffer_.erase(0, std::exchange(buffer_position_, 0));
  }
  buffer_ += rest;
  return bytes.size();
}

size_t Transfer::give_upload(std::span<char> buffer) {
  // Nobody reads on behind a refusal; the end lets libcurl finish with the answer.
  if (answered_early()) return 0;
  const size_t count = upload_->give(buffer);
  if (count > 0 || upload_->ended()) return count;
  upload_started_ = true;
  upload_paused_ = true;
  return CURL_READFUNC_PAUSE;
}

/// A refusal that came while the request body was still being sent.
bool Transfer::answered_early() const {
  return headers_complete_ && status_ >= 300;
}

void Transfer::resume(int direction) {
  if (direction == CURLPAUSE_SEND) {
    upload_paused_ = false;
  } else {
    body_paused_ = false;
  }
  const int still_paused = (upload_paused_ ? CURLPAUSE_SEND : CURLPAUSE_CONT) |
                           (body_paused_ ? CURLPAUSE_RECV : CURLPAUSE_CONT);
  const CURLcode code = curl_easy_pause(easy_.get(), still_paused);
  if (code != CURLE_OK && !result_) result_ = code;
}

void Transfer::step() {
  base::throw_if_cancelled();
  if (upload_ && !result_) {
    if (upload_started_ && !answered_early()) upload_->refill();
    if (upload_paused_) resume(CURLPAUSE_SEND);
  }
  if (!result_) multi_->perform();
  if (parked_) std::rethrow_exception(parked_);
}

uint64_t Transfer::bytes_moved() {
  curl_off_t up = 0;
  curl_off_t down = 0;
  check(curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &up), "read a counter");
  check(curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_DOWNLOAD_T, &down), "read a counter");
  return static_cast<uint64_t>(up) + static_cast<uint64_t>(down) + header_bytes_;
}

void Transfer::wait() {
  if (upload_paused_) return;  // It is the server that waits, for the next chunk.
  const uint64_t moved = bytes_moved();
  if (moved != last_moved_) waited_ = {};
  last_moved_ = moved;
  const auto start = std::chrono::steady_clock::now();
  multi_->wait(wait_slice);
  waited_ += std::chrono::steady_clock::now() - start;
  const auto limit = headers_complete_ ? stall_timeout_ : answer_timeout_;
  if (waited_ < limit) return;
  throw TransportError(TransportError::Cause::timeout,
                       cat(base::printable(url_.host), ":", url_.port,
                           " sent and took nothing for ", limit.count(), " s"));
}

void Transfer::fail() {
  throw make_transport_error(easy_.get(), *result_, url_, detail_.data(), place_);
}

void Transfer::read_headers() {
  waited_ = {};
  while (true) {
    step();
    if (headers_complete_) return;
    if (result_) {
      if (*result_ != CURLE_OK) fail();
      throw TransportError(TransportError::Cause::other,
                           cat(base::printable(url_.host), " did not answer in HTTP"));
    }
    wait();
  }
}

size_t Transfer::pull(std::span<char> buffer) {
  waited_ = {};
  while (true) {
    if (buffer_position_ < buffer_.size()) return take_buffered(buffer);
    if (result_) {
      // A server that refuses an upload may close at once; then this is all it had to say.
      if (*result_ == CURLE_OK || (upload_ && answered_early())) return 0;
      fail();
    }
    if (const size_t count = step_into(buffer); count > 0) return count;
    if (!result_) wait();
  }
}

size_t Transfer::take_buffered(std::span<char> buffer) {
  const size_t count = std::min(buffer.size(), buffer_.size() - buffer_position_);
  std::memcpy(buffer.data(), buffer_.data() + buffer_position_, count);
  buffer_position_ += count;
  if (buffer_position_ == buffer_.size()) {
    buffer_.clear();
    buffer_position_ = 0;
  }
  return count;
}

size_t Transfer::step_into(std::span<char> buffer) {
  target_ = buffer;
  target_filled_ = 0;
  try {
    if (body_paused_) resume(CURLPAUSE_RECV);
    step();
  } catch (...) {
    target_ = {};
    throw;
  }
  target_ = {};
  return std::exchange(target_filled_, 0);
}

}  // namespace http
