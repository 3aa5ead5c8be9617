#pragma once
#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "base/stream.hpp"
#include "http/url.hpp"

namespace http {

/// Header fields in the order they came; names compare regardless of case.
class Headers {
 public:
  void add(std::string name, std::string value);
  /// Puts more behind the value of the last field; ignored when there is none.
  void append_to_last(std::string_view more);
  /// The first value of `name`; nothing when absent.
  std::optional<std::string> get(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Signs a request for Amazon's services (AWS Signature Version 4). The header fields of the
/// request are signed as they are, a session token (X-Amz-Security-Token) among them.
struct AwsSignature {
  std::string region;
  std::string service;
  std::string access_key_id;
  base::Secret secret_access_key;
};

/// Whether http_proxy and its like count. Addresses that only this machine can reach do without.
enum class UseProxy { no, yes };

struct Request {
  std::string method = "GET";
  Url url{};
  std::vector<std::string> headers{};  ///< "Name: value"; Authorization goes below.
  base::Secret authorization{};        ///< Value of the Authorization header, if not empty.
  /// Pulled while sending, once, so over a connection of its own; must outlive the Response.
  base::ByteSource* body = nullptr;
  std::optional<uint64_t> body_size{};      ///< Sets Content-Length; without it: chunked.
  std::optional<base::Secret> content{};    ///< A small body instead of `body`, in one piece.
  std::optional<AwsSignature> signature{};  ///< With `content`; no other credentials then.
  UseProxy use_proxy = UseProxy::yes;
  /// Whether a Content-Encoding is undone. None is asked for, but some proxies apply one, and
  /// stores label compressed files so, whose digests are of the bytes as they are.
  bool decode = true;
  /// How long the peer may stay silent while we wait for it.
  std::chrono::seconds stall_timeout{60};
  /// The same until the head of the answer is there, where that may take longer.
  std::chrono::seconds answer_timeout{0};
};

struct Response {
  Url url{};  ///< What was asked.
  long status = 0;
  Headers headers;
  /// The body as it arrives, content-decoded with Request::decode. Reading pulls it from the
  /// network; dropping it early closes the connection. Throws TransportError on a cut, short or
  /// stalled body.
  std::unique_ptr<base::ByteSource> body;
  /// Long values of the request's query, such as signatures. Servers quote them in their errors.
  std::vector<base::Secret> confidential{};
};

/// The request could not be made or its reply broke off: DNS, connect, TLS, time-out, cut.
/// Something else than TLS in its place is no_tls; a proxy that will not let us through, whenever
/// it is asked, is proxy_refusal.
class TransportError : public base::Error {
 public:
  enum class Cause {
    resolve,
    connect,
    proxy_refusal,
    tls_certificate,
    tls,
    no_tls,
    timeout,
    cut,
    other
  };
  TransportError(Cause cause, std::string message)
      : base::Error(std::move(message)), cause_(cause) {}
  Cause cause() const { return cause_; }

 private:
  Cause cause_;
};

enum class VerifyTls { no, yes };

/// Where a system keeps the certificates that everybody on it trusts; "" for what it lacks.
struct SystemTrust {
  std::string file;       ///< PEM.
  std::string directory;  ///< Hashed or not.
};

struct Options {
  std::vector<std::string> ca_certs{};  ///< PEM certificates trusted besides the system's.
  std::string place{};                  ///< Of ca_certs in the source, for errors: "source.git.".
  VerifyTls verify_tls = VerifyTls::yes;
  std::optional<SystemTrust> system_trust{};  ///< For tests; else the system's own.
  base::Secret client_cert{};                 ///< PEM; with client_key for mutual TLS.
  base::Secret client_key{};                  ///< PEM.
  std::chrono::seconds connect_timeout{30};
  std::string user_agent = "rootfs-git-resource/" RESOURCE_VERSION;
};

/// A request on its way. Of one client, several may be; whoever waits for one moves them all on.
/// Must not outlive its client.
class PendingResponse {
 public:
  ~PendingResponse();
  PendingResponse(PendingResponse&&) noexcept;

  /// Returns when the final status and headers are here; to be called once.
  Response wait();

 private:
  friend class Client;
  struct Impl;
  explicit PendingResponse(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// An HTTP client on libcurl: keeps connections, uses http_proxy, https_proxy and no_proxy, follows
/// no redirects. Belongs to one thread.
class Client {
 public:
  explicit Client(Options options, base::Log& log);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends the request and returns when the final status and headers are here. A refusal (status
  /// 300 and above) that comes before the request body is sent ends the sending; behind an early
  /// success the rest is sent while the answer is read. Several responses may be open at once.
  Response send(const Request& request);
  /// The same without waiting: the request goes out while others are waited for.
  PendingResponse start(const Request& request);

 private:
  friend class PendingResponse;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether an answer of this status sends the same request elsewhere, if it says where.
bool is_redirect(long status);

/// Value of an Authorization header for Basic (RFC 7617).
base::Secret basic_authorization(std::string_view username, std::string_view password);

/// Value for 401 challenges: one scheme with its parameters (RFC 9110 section 11.6.1).
struct Challenge {
  std::string scheme;                                           ///< Lower case.
  std::vector<std::pair<std::string, std::string>> parameters;  ///< Names in lower case.
  std::string get(std::string_view name) const;                 ///< "" when absent.
};

/// All challenges of all WWW-Authenticate fields; malformed parts are skipped.
std::vector<Challenge> parse_challenges(const std::vector<std::string>& fields);
/// The schemes a server offers to log in by, to be shown, if Basic is none of them; else "".
std::string other_logins(const Response& response);

/// How long a Retry-After value asks to wait: seconds or an HTTP date (RFC 9110 section 10.2.3),
/// never less than nothing. Nothing when malformed.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, std::time_t now);
/// What this answer asks for.
std::optional<std::chrono::seconds> retry_after_of(const Response& response);

/// A readable excerpt of an error body: JSON messages (registries), plain text or the title of an
/// HTML page, on one line of at most 300 characters; "" when there is nothing to say.
std::string describe_error_body(Response& response);

}  // namespace http
