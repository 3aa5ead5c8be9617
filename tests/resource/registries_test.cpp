#include "resource/registries.hpp"

#include "base/text.hpp"
#include "resource/support/requests.hpp"
#include "support/catch.hpp"
#include "support/loopback_server.hpp"

using base::cat;
using registry::OnPullLimit;

namespace {

constexpr const char* manifest = R"({"schemaVersion":2})";

/// A registry that knows one tag, or answers everything but the greeting with `status`.
LoopbackServer::Handler serve(int status) {
  return [=](Exchange& exchange) {
    if (exchange.target == "/v2/") {
      exchange.reply(200);
    } else if (status != 200) {
      exchange.reply(status, {}, "no way");
    } else {
      exchange.reply(
          200, {"Content-Type: x", "Docker-Content-Digest: " + oci::Digest::of(manifest).text()},
          manifest);
    }
  };
}

resource::ImageSource source_for(const std::string& origin, const std::string& mirror) {
  resource::ImageSource image;
  image.repository = "app";
  image.reference = {origin, "library/app", "", std::nullopt};
  image.registry.patience.sleep = [](std::chrono::milliseconds) {};
  resource::RegistryPlace place;
  place.reference = {mirror, "library/app", "", std::nullopt};
  place.options.patience.fallback = registry::Fallback::yes;
  image.mirror = place;
  return image;
}

/// Where `app:latest` was found: the order of places asked, and its log and error.
struct Outcome {
  int tries = 0;
  bool found = false;
  std::string log;
  std::string error;
};

Outcome look_up(const resource::ImageSource& image) {
  Outcome outcome;
  CapturedLog log;
  outcome.error = message_of([&] {
    resource::with_registry(image, OnPullLimit::fail, log, [&](registry::Client& client) {
      ++outcome.tries;
      outcome.found = client.resolve("latest").has_value();
      return outcome.found;
    });
  });
  outcome.log = log.text();
  return outcome;
}

}  // namespace

TEST_CASE("a mirror that has the image keeps the origin out of it") {
  LoopbackServer mirror(serve(200));
  LoopbackServer origin(serve(200));
  const Outcome outcome = look_up(source_for(origin.host(), mirror.host()));
  CHECK(outcome.found);
  CHECK(outcome.tries == 1);
  CHECK(outcome.log.empty());
  CHECK(origin.lines().empty());
}

TEST_CASE("a mirror that fails in any way is replaced by the origin, with a warning") {
  const int status = GENERATE(404, 401, 403, 429, 500, 503);
  CAPTURE(status);
  LoopbackServer mirror(serve(status));
  LoopbackServer origin(serve(200));
  const Outcome outcome = look_up(source_for(origin.host(), mirror.host()));
  CHECK(outcome.error.empty());
  CHECK(outcome.found);
  CHECK(outcome.tries == 2);
  CHECK(contains(outcome.log, "warning: "));
  CHECK(contains(outcome.log, cat("mirror ", mirror.host(), "/library/app: ")));
  CHECK(contains(outcome.log, "asking Docker Hub instead"));
  // It is not worth waiting for.
  CHECK(mirror.lines().size() <= 3);
}

TEST_CASE("a mirror that is not there is replaced by the origin") {
  LoopbackServer origin(serve(200));
  std::string nobody;
  {
    LoopbackServer gone(serve(200));
    nobody = gone.host();
  }
  const Outcome outcome = look_up(source_for(origin.host(), nobody));
  CHECK(outcome.found);
  CHECK(contains(outcome.log, "cannot connect"));
}

TEST_CASE("when both fail, both reasons are told") {
  LoopbackServer mirror(serve(403));
  LoopbackServer origin(serve(403));
  const Outcome outcome = look_up(source_for(origin.host(), mirror.host()));
  CHECK(contains(outcome.error, cat("mirror ", mirror.host())));
  CHECK(contains(outcome.error, cat("then Docker Hub: manifest latest of ", origin.host())));
}

TEST_CASE("an image that neither has is not an error") {
  LoopbackServer mirror(serve(404));
  LoopbackServer origin(serve(404));
  const Outcome outcome = look_up(source_for(origin.host(), mirror.host()));
  CHECK(outcome.error.empty());
  CHECK_FALSE(outcome.found);
}
