#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "base/stream.hpp"
#include "http/backoff.hpp"
#include "http/client.hpp"
#include "oci/digest.hpp"
#include "oci/find_image.hpp"
#include "oci/image.hpp"
#include "oci/reference.hpp"

namespace registry {

struct Credentials {
  std::string username;
  base::Secret password;
  bool of_cloud = false;  ///< Fetched from Amazon or Microsoft, so not what somebody typed.
};

/// Plain http and unverified certificates are allowed only with yes.
enum class Insecure { no, yes };

/// What to do when a pull limit that lasts for hours is used up.
enum class OnPullLimit { wait, fail };

/// Whether another registry is asked when this one does not have the image or does not answer.
enum class Fallback { no, yes };

/// How failures that may pass are waited out. The functions are for tests; when empty, time really
/// passes and chance decides.
struct Patience {
  OnPullLimit on_pull_limit = OnPullLimit::wait;
  Fallback fallback = Fallback::no;  ///< With yes, nothing but a blob is asked for twice.
  std::function<void(std::chrono::milliseconds)> sleep = http::pause;
  std::function<double()> random{};  ///< From 0 up to 1.
};

struct Options {
  std::optional<Credentials> credentials{};
  Insecure insecure = Insecure::no;
  /// "http" or "https"; when empty, https and then, where that is allowed, http.
  std::string scheme{};
  http::Options http{};
  Patience patience{};
};

/// A status the registry answered with that ends the request.
class StatusError : public base::Error {
 public:
  /// What the answer said about trying again.
  struct Limit {
    std::optional<std::chrono::seconds> retry_after{};
    bool is_pull_limit = false;  ///< Counted over hours; a short wait does not help.
  };

  StatusError(long status, std::string message, Limit limit)
      : base::Error(std::move(message)), status_(status), limit_(limit) {}
  long status() const { return status_; }
  const Limit& limit() const { return limit_; }

 private:
  long status_;
  Limit limit_;
};

using OnWithheld = std::function<void(const StatusError& error)>;

using oci::Document;
using oci::Image;

/// One repository of a registry (distribution-spec), read only. Failures that may pass are waited
/// out, and a blob that breaks off is gone on with where it broke. Belongs to one thread, but for
/// fetch_image(), fetch_created() and open_blob(), which any thread may call.
class Client {
 public:
  Client(oci::Reference reference, Options options, base::Log& log);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const oci::Reference& reference() const;
  /// The digest a tag or digest names now; nothing when the registry does not have it. One HEAD
  /// where the registry behaves, else GET; only where every HEAD fails, no HEAD is tried again.
  std::optional<oci::Digest> resolve(const std::string& tag_or_digest);
  /// The document; bytes are verified when `tag_or_digest` is a digest. StatusError 404 if absent.
  Document fetch(const std::string& tag_or_digest);
  /// The tags of the repository as the registry orders them; none when it does not exist.
  std::vector<std::string> tags();
  /// Whether no other registry is asked when this one fails.
  bool is_last() const;
  /// Whether a refusal may be of one image alone, as scanners and policies keep single ones back.
  /// Not where another registry comes next, which may have it.
  bool may_withhold(const StatusError& error) const;
  /// resolve() for many tags, in their order, several at a time. A refusal that may_withhold() is
  /// told to `on_withheld`, if there is one, and the tag then has no digest.
  std::vector<std::optional<oci::Digest>> resolve_all(const std::vector<std::string>& tags,
                                                      const OnWithheld& on_withheld = {});
  /// Follows indexes to the manifest for `platform` and reads its config, everything verified.
  Image fetch_image(const oci::Digest& digest, const oci::Platform& platform);
  /// When the image was made that a tag leads to on `platform`, as its configuration says, whatever
  /// system it is for; "" when it does not say so, and for what is no image or not for `platform`.
  std::string fetch_created(const std::string& tag, const oci::Platform& platform);
  /// A blob's bytes as stored, size and digest verified while they are read. Each blob has
  /// connections of its own and is read by one thread. Must not outlive this.
  std::unique_ptr<base::ByteSource> open_blob(const oci::Descriptor& descriptor);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace registry
