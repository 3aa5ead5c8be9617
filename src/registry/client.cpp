#include "registry/client.hpp"

#include <utility>

#include "base/text.hpp"
#include "registry/head_requests.hpp"
#include "registry/lines.hpp"
#include "registry/registry_store.hpp"
#include "registry/tag_list.hpp"
#include "registry/verified_blob.hpp"

namespace registry {
namespace {

using base::cat;

// Without the index types in the list, registries answer for one platform of their choice.
constexpr std::string_view accept =
    "Accept: application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

bool answers_blob(const http::Response& response, const http::Request& request) {
  const bool asked_for_part = !request.headers.empty();
  return response.status == 200 ||
         (asked_for_part && (response.status == 206 || response.status == 416));
}

std::string read_manifest(http::Response& response, const std::optional<oci::Digest>& expected) {
  std::string bytes = base::read_all(*response.body, oci::document_limit, "the manifest");
  if (!oci::may_be_document(bytes)) {
    // A login page, say. Its digest would stand as a version that nobody can get.
    throw base::Error(cat("the answer is no manifest ",
                          bytes.empty() ? "but empty" : cat("(", base::excerpt(bytes), ")"),
                          "; does a proxy answer in the registry's place?"));
  }
  if (!expected) return bytes;
  oci::VerifiedSource verified(std::make_unique<base::MemorySource>(std::move(bytes)), *expected,
                               std::nullopt);
  return base::read_all(verified, oci::document_limit, "the manifest");
}

}  // namespace

struct Client::Impl {
  Impl(oci::Reference named, Options given, base::Log& used_log)
      : reference(std::move(named)),
        options(std::move(given)),
        log(used_log),
        lines(reference, options, log),
        held(lines) {}

  /// Runs `action`, which reads documents, until it succeeds or patience ends. It is repeated as a
  /// whole and from the greeting on: a registry that has had enough is better asked for something
  /// small, which no pull limit counts, than for the document it has just refused.
  template <class Action>
  auto persist(Action&& action) -> decltype(action()) {
    const HeldLines::Hold hold(held);
    Retry& retry = held.line().retry;
    if (retry.running()) return action();
    bool again = false;
    int refusals = 0;
    return retry.run([&] {
      if (std::exchange(again, true)) lines.standing().set_greeted(false);
      if (lines.standing().answered()) retry.set_answered();
      requests().slow_down(refusals);
      try {
        return action();
      } catch (const StatusError& error) {
        const bool busy = error.status() == 429 || error.status() == 503;
        if (busy && lines.standing().greeted()) ++refusals;
        throw;
      }
    });
  }
  /// Where documents are asked for; only inside of persist().
  Requests& requests() { return held.line().requests; }

  std::string path(std::string_view kind, std::string_view name) const {
    return cat("/v2/", reference.repository, "/", kind, "/", name);
  }
  std::string manifest_path(const std::string& tag_or_digest) const;
  std::string describe(std::string_view kind, std::string_view name) const {
    return cat(kind, " ", base::printable(name), " of ", reference.name());
  }
  struct HeadAnswer;
  HeadAnswer head(const std::string& tag_or_digest);
  HeadAnswer head_patiently(const std::string& tag_or_digest);
  /// After GET has told what HEAD did not.
  void suspect_head() {
    if (heads == Heads::untried) heads = Heads::broken;
  }
  std::optional<oci::Digest> get_digest(const std::string& tag_or_digest);
  std::optional<oci::Digest> resolve(const std::string& tag_or_digest);
  Document fetch(const std::string& tag_or_digest);
  http::Response get_manifest(const std::string& tag_or_digest);
  http::Response get_blob(Line& line, const oci::Descriptor& descriptor,
                          const http::Request& request);
  http::Response get_foreign(Line& line, const std::string& url, const http::Request& request);
  http::Response get_elsewhere(Line& line, const std::vector<std::string>& urls,
                               const http::Request& request);

  oci::Reference reference;
  Options options;
  base::Log& log;
  Lines lines;
  HeldLines held;
  /// Whether HEAD tells what GET does.
  enum class Heads { untried, work, broken } heads = Heads::untried;
};

std::string Client::Impl::manifest_path(const std::string& tag_or_digest) const {
  if (!oci::is_valid_tag(tag_or_digest) && !oci::Digest::try_parse(tag_or_digest)) {
    throw base::Error("this is neither a tag nor a digest");
  }
  return path("manifests", tag_or_digest);
}

/// What HEAD tells about a manifest: its digest, or that there is none. Else only GET can tell, and
/// behind HEADs that fail patience has been used up.
struct Client::Impl::HeadAnswer {
  enum class Kind { final, unclear, failing } kind;
  std::optional<oci::Digest> digest{};
};

Client::Impl::HeadAnswer Client::Impl::head(const std::string& tag_or_digest) {
  http::Response response =
      requests().send("HEAD", manifest_path(tag_or_digest), {std::string(accept)});
  const bool has_patience = options.patience.fallback == Fallback::no;
  if (response.status == 429 || (has_patience && http::may_pass(response.status))) {
    throw requests().refusal(response);
  }
  // Some servers know no HEAD and answer it 404. One that has given a digest before does know it,
  // and where another registry is asked next, a wrong answer costs less than a second question.
  if (response.status == 404) {
    return {heads == Heads::work || !has_patience ? HeadAnswer::Kind::final
                                                  : HeadAnswer::Kind::unclear};
  }
  const auto digest = digest_of_head(response);
  const auto expected = oci::Digest::try_parse(tag_or_digest);
  if (!digest || (expected && digest != expected)) return {HeadAnswer::Kind::unclear};
  heads = Heads::work;
  return {HeadAnswer::Kind::final, digest};
}

http::Response Client::Impl::get_manifest(const std::string& tag_or_digest) {
  const std::string target = manifest_path(tag_or_digest);
  http::Response response = requests().send("GET", target, {std::string(accept)});
  // Some registries type every document application/json and then find nothing acceptable.
  if (response.status == 406) {
    response = requests().send("GET", target, {cat(accept, ", */*")});
  }
  if (response.status != 200) throw requests().refusal(response);
  return response;
}

/// A layer the registry may not distribute, from an address its manifest names. Credentials stay
/// here (CVE-2020-15157).
http::Response Client::Impl::get_foreign(Line& line, const std::string& text,
                                         const http::Request& request) {
  const http::Url url = http::Url::parse(text);
  const bool safe = url.secure() && !http::may_be_local_host(url.host);
  if (!safe && options.insecure == Insecure::no) {
    throw base::Error(cat("the layer's own address ", url.display(), " is not a public https URL"));
  }
  http::Response response = line.requests.send_anonymously(request, url);
  if (!answers_blob(response, request)) {
    StatusError error = make_status_error(response, Login::irrelevant);
    error.add_context(url.display());
    throw error;
  }
  return response;
}

/// The first of a layer's own addresses that has it.
http::Response Client::Impl::get_elsewhere(Line& line, const std::vector<std::string>& urls,
                                           const http::Request& request) {
  for (size_t i = 0; i + 1 < urls.size(); ++i) {
    try {
      return get_foreign(line, urls[i], request);
    } catch (const base::Error& error) {
      log.info(cat(error.what(), "; trying the layer's next address"));
    }
  }
  return get_foreign(line, urls.back(), request);
}

http::Response Client::Impl::get_blob(Line& line, const oci::Descriptor& descriptor,
                                      const http::Request& request) {
  http::Response response = line.requests.send(request, path("blobs", descriptor.digest.text()));
  line.retry.set_answered();
  if (response.status == 404 && !descriptor.urls.empty()) {
    return get_elsewhere(line, descriptor.urls, request);
  }
  if (!answers_blob(response, request)) {
    throw line.requests.refusal(response);
  }
  return response;
}

/// A registry that fails for the moment is asked again with HEAD, since GET may count as a pull.
/// Some fail so at every HEAD; then only GET can tell.
Client::Impl::HeadAnswer Client::Impl::head_patiently(const std::string& tag_or_digest) {
  try {
    return persist([&] {
      return base::with_context(describe("manifest", tag_or_digest),
                                [&] { return head(tag_or_digest); });
    });
  } catch (const StatusError& error) {
    if (error.status() == 429 || !may_pass(error)) throw;
    return {HeadAnswer::Kind::failing};
  }
}

std::optional<oci::Digest> Client::Impl::get_digest(const std::string& tag_or_digest) {
  try {
    oci::Digest digest = fetch(tag_or_digest).digest;
    suspect_head();
    return digest;
  } catch (const StatusError& error) {
    if (error.status() == 404) return std::nullopt;
    throw;
  }
}

std::optional<oci::Digest> Client::Impl::resolve(const std::string& tag_or_digest) {
  if (heads == Heads::broken) return persist([&] { return get_digest(tag_or_digest); });
  const HeldLines::Hold hold(held);
  const HeadAnswer answer = head_patiently(tag_or_digest);
  if (answer.kind == HeadAnswer::Kind::final) return answer.digest;
  if (answer.kind == HeadAnswer::Kind::unclear) {
    return persist([&] { return get_digest(tag_or_digest); });
  }
  auto digest = get_digest(tag_or_digest);
  suspect_head();
  return digest;
}

Document Client::Impl::fetch(const std::string& tag_or_digest) {
  return base::with_context(describe("manifest", tag_or_digest), [&]() -> Document {
    http::Response response = get_manifest(tag_or_digest);
    std::string type = response.headers.get("Content-Type").value_or("");
    const auto expected = oci::Digest::try_parse(tag_or_digest);
    std::string bytes = read_manifest(response, expected);
    const oci::Digest digest = expected ? *expected : oci::Digest::of(bytes);
    return {std::move(type), std::move(bytes), digest};
  });
}

Client::Client(oci::Reference reference, Options options, base::Log& log)
    : impl_(std::make_unique<Impl>(std::move(reference), std::move(options), log)) {}
Client::~Client() = default;

const oci::Reference& Client::reference() const {
  return impl_->reference;
}

std::optional<oci::Digest> Client::resolve(const std::string& tag_or_digest) {
  return impl_->resolve(tag_or_digest);
}

Document Client::fetch(const std::string& tag_or_digest) {
  return impl_->persist([&] { return impl_->fetch(tag_or_digest); });
}

std::vector<std::string> Client::tags() {
  return base::with_context(cat("tags of ", impl_->reference.name()), [&] {
    return impl_->persist(
        [&] { return list_tags(impl_->requests(), impl_->reference.repository); });
  });
}

bool Client::is_last() const {
  return impl_->options.patience.fallback == Fallback::no;
}

bool Client::may_withhold(const StatusError& error) const {
  return is_last() && (error.status() == 401 || error.status() == 403 || error.status() == 412 ||
                       error.status() == 451);
}

std::vector<std::optional<oci::Digest>> Client::resolve_all(const std::vector<std::string>& tags,
                                                            const OnWithheld& on_withheld) {
  const HeldLines::Hold hold(impl_->held);
  std::vector<std::string> paths;
  paths.reserve(tags.size());
  for (const std::string& tag : tags) paths.push_back(impl_->manifest_path(tag));
  std::vector<std::optional<oci::Digest>> digests(tags.size());
  bool may_hurry = true;
  bool stuck = false;  // At the tag that comes next.
  for (size_t i = 0; i < tags.size();) {
    // Done properly: this logs in, and waits where the registry wants that.
    try {
      digests[i] = resolve(tags[i]);
      may_hurry = may_hurry && !stuck;
    } catch (const StatusError& error) {
      if (!on_withheld || !may_withhold(error)) throw;
      on_withheld(error);
    }
    const size_t start = i + 1;
    const bool head_works = digests[i] && impl_->heads != Impl::Heads::broken;
    i = head_works && may_hurry
            ? resolve_ahead(impl_->requests(), paths, start, std::string(accept), digests)
            : start;
    stuck = head_works && may_hurry && i == start;
  }
  return digests;
}

Image Client::fetch_image(const oci::Digest& digest, const oci::Platform& platform) {
  RegistryStore store(*this);
  return impl_->persist(
      [&] { return oci::find_image(store, fetch(digest.text()), platform, impl_->log); });
}

std::string Client::fetch_created(const std::string& tag, const oci::Platform& platform) {
  RegistryStore store(*this);
  return impl_->persist([&] { return oci::find_created(store, fetch(tag), platform); });
}

std::unique_ptr<base::ByteSource> Client::open_blob(const oci::Descriptor& descriptor) {
  const std::string name = impl_->describe("blob", descriptor.digest.short_text());
  Impl& impl = *impl_;
  const std::shared_ptr<Line> line = impl.held.own_or_new();
  const auto open = [&impl, line, descriptor](const http::Request& request) {
    return impl.get_blob(*line, descriptor, request);
  };
  return std::make_unique<VerifiedBlob>(
      std::make_unique<BlobSource>(open, descriptor.size, name, line->retry), descriptor, name);
}

}  // namespace registry
