#include "git/http_transport.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/patience.hpp"
#include "git/scratch_file.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

// Some hosts tell git from browsers by this prefix.
constexpr const char* user_agent = "git/2.39 (rootfs-git-resource " RESOURCE_VERSION ")";
constexpr int most_redirects = 5;
// Indexing a large pack keeps the server silent for minutes.
constexpr std::chrono::seconds reply_timeout{900};
/// Shorter bodies are sent in one piece, again if need be, on the connection that is there; longer
/// ones only once, so not on one that the server may be about to close.
constexpr size_t streamed_from = 64 * 1024;
constexpr size_t longest_question = 2 * 1024 * 1024;

/// Whether a moment later the answer may be another. Not where it took its time to come, and some
/// servers answer 500 to what they do not understand, however often they are asked.
bool is_momentary(long status) {
  return status == 429 || status == 502 || status == 503 || status == 521;
}

/// Whether a body of unknown length may be what the answer is about. Proxies that cannot pass one
/// on do not all say 411.
bool may_want_length(long status) {
  return status == 411 || status == 400 || status == 501;
}

/// A body that keeps the HTTP response it belongs to.
class ReplySource : public base::ByteSource {
 public:
  ReplySource(std::unique_ptr<base::ByteSource> sent, std::unique_ptr<base::ByteSource> reply)
      : sent_(std::move(sent)), reply_(std::move(reply)) {}
  size_t read(std::span<char> buffer) override { return reply_->read(buffer); }

 private:
  std::unique_ptr<base::ByteSource> sent_;
  std::unique_ptr<base::ByteSource> reply_;
};

/// A body that is made before it goes out. To make it twice, once for its size, is no way: ISA-L
/// may pack the same bytes into others.
class KeptBody : public base::ByteSource {
 public:
  explicit KeptBody(base::ByteSource& source) {
    std::string buffer(256 * 1024, '\0');
    while (const size_t count = source.read(buffer)) {
      file_.append({buffer.data(), count});
      left_ += count;
    }
  }

  uint64_t left() const { return left_; }
  size_t read(std::span<char> buffer) override {
    const auto count = static_cast<size_t>(std::min<uint64_t>(left_, buffer.size()));
    file_.read(position_, buffer.first(count));
    position_ += count;
    left_ -= count;
    return count;
  }

 private:
  ScratchFile file_;
  uint64_t position_ = 0;
  uint64_t left_ = 0;
};

class HttpTransport : public Transport {
 public:
  HttpTransport(const RemoteOptions& options, base::Log& log, Patience::Sleep sleep)
      : base_(http::Url::parse(options.uri)),
        client_(http_options(options), log),
        log_(log),
        patience_(base_.display(), std::move(sleep), log),
        username_(options.username),
        password_(options.password) {
    if (username_.empty() && !base_.username.empty()) {
      username_ = base_.username;
      password_ = base::Secret(base_.password);
    }
    base_.username.clear();
    base_.password.clear();
    std::string& end = base_.query.empty() ? base_.path : base_.query;
    while (end.ends_with('/')) end.pop_back();
    trusted_ = base_;
    if (!username_.empty() && !base_.secure() && !http::is_loopback_host(base_.host)) {
      log_.warn(
          cat("the password for ", base_.host, " travels unencrypted: source.git.uri is http://"));
    }
  }

  std::unique_ptr<base::ByteSource> advertise(Service service, Protocol protocol) override {
    http::Request request;
    request.url = below("/info/refs");
    request.url.query +=
        cat(request.url.query.empty() ? "" : "&", "service=", program_name(service));
    request.headers = version_header(protocol);
    http::Response response = ask(request);
    for (int redirects = 0; response.status >= 300 && response.status < 400; ++redirects) {
      const auto location = response.headers.get("Location");
      if (!location || redirects == most_redirects) fail(response, "redirects without an end");
      request.url = follow(request.url, *location, service);
      response = ask(request);
    }
    if (response.status != 200) fail(response);
    const std::string type = response.headers.get("Content-Type").value_or("");
    if (type.find(cat("x-", program_name(service), "-advertisement")) == std::string::npos) {
      throw Error(cat("this is not a git repository over smart HTTP (it answered with ",
                      type.empty() ? "no content type" : base::excerpt(type),
                      "); check source.git.uri"));
    }
    return std::move(response.body);
  }

  std::unique_ptr<base::ByteSource> request(Service service, Protocol protocol,
                                            const MakeBody& make_body) override {
    http::Request request = make_request(service, protocol);
    if (service == Service::upload_pack) {
      request.content =
          base::Secret(base::read_all(*make_body(), longest_question, "a question to the server"));
      http::Response response = ask(request);
      if (response.status != 200) fail(response);
      return std::move(response.body);
    }
    auto body = make_body();
    std::string start(streamed_from, '\0');
    start.resize(base::read_full(*body, start));
    if (start.size() < streamed_from) {
      request.content = base::Secret(std::move(start));
    } else {
      body = std::make_unique<base::PrefixedSource>(std::move(start), std::move(body));
      request.body = body.get();
    }
    http::Response response = send(request);
    if (may_want_length(response.status) && request.body != nullptr) {
      const std::string refusal = describe(response);
      log_.debug(cat(refusal, "; sending again with Content-Length"));
      response.body.reset();  // It may still be sending.
      auto kept =
          base::with_context(refusal, [&] { return std::make_unique<KeptBody>(*make_body()); });
      request.body_size = kept->left();
      request.body = kept.get();
      body = std::move(kept);
      response = send(request);
    }
    if (response.status != 200) fail(response);
    return std::make_unique<ReplySource>(std::move(body), std::move(response.body));
  }

  bool stateless() const override { return true; }
  std::string finish(Service /*service*/) override { return ""; }
  void abandon(Service /*service*/) override {}

 private:
  /// What git adds to an address stands behind all of it, also behind a query (gitprotocol-http,
  /// URL Format).
  http::Url below(std::string_view suffix) const {
    http::Url url = base_;
    (url.query.empty() ? url.path : url.query) += suffix;
    return url;
  }

  static http::Options http_options(const RemoteOptions& options) {
    http::Options http;
    http.ca_certs = options.ca_certs;
    http.place = "source.git.";
    http.verify_tls = options.verify_tls;
    http.user_agent = user_agent;
    return http;
  }

  http::Response send(http::Request& request) {
    // Credentials go to the address the user wrote and nowhere else, but for its https side.
    if (!username_.empty() && trusted_.shares_login(request.url)) {
      request.authorization = http::basic_authorization(username_, password_.reveal());
    } else {
      request.authorization = base::Secret();
    }
    return client_.send(request);
  }

  /// Sends what changes nothing on the server.
  http::Response ask(http::Request& request) {
    return patience_.run([&] {
      http::Response response = send(request);
      if (!is_momentary(response.status)) return response;
      const auto retry_after = http::retry_after_of(response);
      throw BusyError(describe(response), retry_after);
    });
  }

  static std::vector<std::string> version_header(Protocol protocol) {
    if (protocol == Protocol::v0) return {};
    return {cat("Git-Protocol: ", protocol_v2_text)};
  }

  http::Request make_request(Service service, Protocol protocol) const {
    http::Request request;
    request.method = "POST";
    request.url = below(cat("/", program_name(service)));
    request.headers = version_header(protocol);
    request.headers.push_back(
        cat("Content-Type: application/x-", program_name(service), "-request"));
    request.headers.push_back(cat("Accept: application/x-", program_name(service), "-result"));
    request.stall_timeout = reply_timeout;
    return request;
  }

  /// The URL a redirect leads to. Later requests go below it, as git does (http.followRedirects).
  http::Url follow(const http::Url& from, const std::string& location, Service service) {
    http::Url to = from.resolve(location);
    to.username.clear();
    to.password.clear();
    if (from.secure() && !to.secure()) {
      throw Error(cat(from.display(), " redirects from https to ", to.display(), "; refused"));
    }
    // Behind a query, see below().
    const std::string ending = cat("/info/refs&service=", program_name(service));
    if (to.query.size() > ending.size() && to.query.ends_with(ending)) {
      base_ = to;
      base_.query.resize(base_.query.size() - ending.size());
      log_.debug(cat("redirected to ", base_.display()));
      return to;
    }
    constexpr std::string_view suffix = "/info/refs";
    if (!to.path.ends_with(suffix)) {
      throw Error(cat(from.display(), " redirects to ", to.display(),
                      ", which is no git repository; check source.git.uri"));
    }
    base_ = to;
    base_.path.resize(base_.path.size() - suffix.size());
    base_.query.clear();
    to.query = cat("service=", program_name(service));
    log_.debug(cat("redirected to ", base_.display()));
    return to;
  }

  [[noreturn]] void fail(http::Response& response, std::string_view note = "") {
    throw Error(describe(response, note));
  }

  std::string describe(http::Response& response, std::string_view note = "") {
    const std::string said = http::describe_error_body(response);
    const std::string hint = note.empty() ? remedy(response) : std::string(note);
    return cat("HTTP ", response.status, hint.empty() ? "" : ": ", hint,
               said.empty() ? "" : "; the server said: ", said);
  }

  /// What an answer may mean and what to try; "" when there is nothing to say.
  std::string remedy(const http::Response& response) const {
    switch (response.status) {
      case 401:
        return login_remedy(response);
      case 403:
        return "access denied: may this user read, or write to, this repository?";
      case 404:
        return "no such repository, or it is hidden from this user";
      case 411:
        return "the server accepts neither chunked uploads nor Content-Length";
      case 413:
        return "the push is larger than the server or its proxy allows (nginx: "
               "client_max_body_size)";
      default:
        return response.status < 500
                   ? ""
                   : "the server, or a proxy before it, failed; its log may say why";
    }
  }

  std::string login_remedy(const http::Response& response) const {
    const std::string others = http::other_logins(response);
    if (!others.empty()) {
      return cat("the server takes no user name and password (Basic), only other logins (", others,
                 "), of which none is possible here; let it take them, or use SSH");
    }
    if (username_.empty()) {
      return "the server wants a login: set source.git.username and source.git.password";
    }
    if (trusted_.shares_login(base_)) {
      return "source.git.username or source.git.password is wrong or has expired";
    }
    return cat("source.git.uri redirects to ", base_.display(),
               ", which is not sent the login; write that address there if it is right");
  }

  http::Url base_;
  http::Url trusted_;
  http::Client client_;
  base::Log& log_;
  Patience patience_;
  std::string username_;
  base::Secret password_;
};

}  // namespace

std::unique_ptr<Transport> open_http_transport(const RemoteOptions& options, base::Log& log,
                                               Patience::Sleep sleep) {
  return std::make_unique<HttpTransport>(options, log, std::move(sleep));
}

}  // namespace git
