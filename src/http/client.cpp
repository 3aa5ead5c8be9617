#include "http/client.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "http/certificate_probe.hpp"
#include "http/curl_handle.hpp"
#include "http/transfer.hpp"
#include "http/transfer_error.hpp"
#include "http/trust.hpp"

namespace http {
namespace {

class Body : public base::ByteSource {
 public:
  explicit Body(std::unique_ptr<Transfer> transfer) : transfer_(std::move(transfer)) {}
  size_t read(std::span<char> buffer) override { return transfer_->pull(buffer); }

 private:
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace

void initialise_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { check(curl_global_init(CURL_GLOBAL_DEFAULT), "initialise"); });
}

Multi::Multi() {
  initialise_libcurl();
  handle_.reset(curl_multi_init());
  if (!handle_) throw base::Error("libcurl: cannot start");
  check(curl_multi_setopt(handle_.get(), CURLMOPT_MAXCONNECTS, 8L), "set an option");
}

void Multi::perform() {
  int running = 0;
  check(curl_multi_perform(handle_.get(), &running), "transfer");
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(handle_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* owner = nullptr;
    check(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner), "find a transfer");
    static_cast<Transfer*>(static_cast<void*>(owner))->finished(message->data.result);
  }
}

void Multi::wait(std::chrono::milliseconds limit) {
  check(curl_multi_poll(handle_.get(), nullptr, 0, static_cast<int>(limit.count()), nullptr),
        "wait");
}

struct Client::Impl {
  Impl(Options given, base::Log& used_log)
      : options(std::move(given)),
        log(used_log),
        system_trust(options.system_trust ? *options.system_trust : find_system_trust()),
        trust(
            make_trust_store(system_trust, options.ca_certs, ReadTrust::as_needed, options.place)),
        multi(std::make_shared<Multi>()) {}

  void read_all_trust() {
    if (!trust.is_complete) {
      trust = make_trust_store(system_trust, options.ca_certs, ReadTrust::all, options.place);
    }
  }
  EasyHandle make_handle() const;
  /// Tokens that were handed out on the way are not known to the log yet.
  void hide_authorization(const base::Secret& authorization) {
    const std::string& text = authorization.reveal();
    if (text.empty() || text == hidden.reveal()) return;
    hidden = authorization;
    log.hide(std::string_view(text).substr(text.find(' ') + 1));
  }
  void set_tls_options(EasyOptions& easy) const;

  Options options;
  base::Log& log;
  SystemTrust system_trust;
  TrustStore trust;
  std::shared_ptr<Multi> multi;
  base::Secret hidden;
};

EasyHandle Client::Impl::make_handle() const {
  EasyHandle handle(curl_easy_init());
  if (!handle) throw base::Error("libcurl: cannot make a handle");
  EasyOptions easy(handle.get());
  easy.set(CURLOPT_NOSIGNAL, 1L);
  // A name look-up that hangs must not delay the end of a cancelled program.
  easy.set(CURLOPT_QUICK_EXIT, 1L);
  easy.set(CURLOPT_PROTOCOLS_STR, "http,https");
  // With HTTP/2 a paused stream is buffered up to a window of megabytes.
  easy.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  easy.set(CURLOPT_PATH_AS_IS, 1L);
  easy.set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
  easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // The header list may hold credentials, which are not for the proxy.
  easy.set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  easy.set(CURLOPT_BUFFERSIZE, 256L * 1024);
  easy.set(CURLOPT_TCP_KEEPALIVE, 1L);
  easy.set(CURLOPT_USERAGENT, options.user_agent);
  easy.set(CURLOPT_CONNECTTIMEOUT_MS,
           static_cast<long>(std::chrono::milliseconds(options.connect_timeout).count()));
  set_tls_options(easy);
  return handle;
}

void Client::Impl::set_tls_options(EasyOptions& easy) const {
  if (options.verify_tls == VerifyTls::no) {
    easy.set(CURLOPT_SSL_VERIFYPEER, 0L);
    easy.set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  const auto path = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  easy.set(CURLOPT_CAINFO, path(trust.bundle_file));
  easy.set(CURLOPT_CAPATH, path(trust.directory));
  if (!trust.bundle.empty()) easy.set_blob(CURLOPT_CAINFO_BLOB, trust.bundle);
  // A proxy at https:// may have a certificate of the same authority. It is always checked: it may
  // be sent a password of its own.
  easy.set(CURLOPT_PROXY_CAINFO, path(trust.bundle_file));
  easy.set(CURLOPT_PROXY_CAPATH, path(trust.directory));
  if (!trust.bundle.empty()) easy.set_blob(CURLOPT_PROXY_CAINFO_BLOB, trust.bundle);
  if (!options.client_cert.empty()) {
    easy.set(CURLOPT_SSLCERTTYPE, "PEM");
    easy.set_blob(CURLOPT_SSLCERT_BLOB, options.client_cert.reveal());
  }
  if (!options.client_key.empty()) {
    easy.set(CURLOPT_SSLKEYTYPE, "PEM");
    easy.set_blob(CURLOPT_SSLKEY_BLOB, options.client_key.reveal());
  }
}

namespace {

/// Whether a Content-Encoding is none, such as utf-8. libcurl would refuse the body, of which it
/// says nothing.
bool has_other_label(const Headers& headers) {
  const std::string label = headers.get("Content-Encoding").value_or("");
  for (const std::string_view word : base::split(label, ',')) {
    const std::string coding = base::to_lower(base::trim(word));
    const bool is_known = coding.empty() || coding == "identity" || coding == "gzip" ||
                          coding == "x-gzip" || coding == "deflate" || coding == "br" ||
                          coding == "zstd";
    if (!is_known) return true;
  }
  return false;
}

/// What a server hands out for one use has this length or more; names and numbers are shorter.
constexpr size_t shortest_confidential = 16;

std::vector<base::Secret> confidential_parts(const Url& url) {
  std::vector<base::Secret> parts;
  for (const std::string_view parameter : base::split(url.query, '&')) {
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view value = parameter.substr(equals + 1);
    if (value.size() < shortest_confidential) continue;
    parts.emplace_back(std::string(value));
    parts.emplace_back(base::percent_decode(value));
  }
  return parts;
}

}  // namespace

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Client::Client(Options options, base::Log& log)
    : impl_(std::make_unique<Impl>(std::move(options), log)) {}
Client::~Client() = default;

struct PendingResponse::Impl {
  void note(const std::string& outcome) const {
    if (!client.log.debugging()) return;
    client.log.debug(base::cat(request.method, " ", request.url.display(), ": ", outcome));
  }

  void start() {
    trusts_all = client.trust.is_complete;
    transfer = std::make_unique<Transfer>(client.multi, client.make_handle(), request,
                                          client.options.place);
  }

  Client::Impl& client;
  Request request;
  bool trusts_all = false;
  std::unique_ptr<Transfer> transfer{};
};

PendingResponse::PendingResponse(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PendingResponse::~PendingResponse() = default;
PendingResponse::PendingResponse(PendingResponse&&) noexcept = default;

Response PendingResponse::wait() {
  std::unique_ptr<Transfer>& transfer = impl_->transfer;
  try {
    transfer->read_headers();
    impl_->note(std::to_string(transfer->status()));
    if (transfer->status() == 407) throw proxy_login_error(impl_->request.url);
    Request& request = impl_->request;
    if (request.decode && request.body == nullptr && has_other_label(transfer->headers())) {
      request.decode = false;
      impl_->start();
      return wait();
    }
    Response response;
    response.url = impl_->request.url;
    response.status = transfer->status();
    response.headers = std::move(transfer->headers());
    response.confidential = confidential_parts(impl_->request.url);
    response.body = std::make_unique<Body>(std::move(transfer));
    return response;
  } catch (const TransportError& error) {
    impl_->note(error.what());
    if (error.cause() != TransportError::Cause::tls_certificate) throw;
    if (impl_->trusts_all) {
      const std::string shown =
          describe_certificate(impl_->client.make_handle(), impl_->request.url);
      if (shown.empty()) throw;
      throw TransportError(error.cause(), base::cat(error.what(), "; ", shown));
    }
  }
  // Nothing of the request was sent, so that it can be made once more.
  impl_->client.read_all_trust();
  impl_->start();
  return wait();
}

PendingResponse Client::start(const Request& request) {
  impl_->hide_authorization(request.authorization);
  auto pending = std::make_unique<PendingResponse::Impl>(PendingResponse::Impl{*impl_, request});
  pending->start();
  return PendingResponse(std::move(pending));
}

Response Client::send(const Request& request) {
  return start(request).wait();
}

}  // namespace http
