#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/text.hpp"
#include "base/threads.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/catch.hpp"

using base::cat;

namespace {

constexpr unsigned at_once = 4;

/// Opens once so many have come. Gives up after a minute, so that a client that sends its requests
/// one after the other fails instead of hanging.
class Gate {
 public:
  explicit Gate(unsigned wanted) : left_(wanted) {}
  /// Whether all have come.
  bool pass() {
    std::unique_lock lock(mutex_);
    if (left_ > 0) --left_;
    changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::minutes(1), [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned left_;
};

size_t asked(const LoopbackServer& server, const std::string& start) {
  size_t found = 0;
  for (const auto& request : server.seen()) {
    if (request.target.starts_with(start)) ++found;
  }
  return found;
}

/// Reads all blobs at the same time; whether each came out right.
bool read_at_once(registry::Client& client, const std::vector<oci::Descriptor>& blobs) {
  std::atomic<bool> right = true;
  base::for_each_at_once(blobs.size(), at_once, [&](size_t i) {
    const auto blob = client.open_blob(blobs[i]);
    if (base::read_all(*blob, 1000, "the blob") != cat("content of ", i)) right = false;
  });
  return right;
}

std::vector<oci::Descriptor> add_blobs(FakeRegistry& fake) {
  std::vector<oci::Descriptor> blobs;
  for (size_t i = 0; i < at_once; ++i) blobs.push_back(fake.add_blob(cat("content of ", i), ""));
  return blobs;
}

}  // namespace

TEST_CASE("blobs are read at the same time, behind one greeting") {
  Gate gate(at_once);
  std::atomic<bool> together = true;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target != "/v2/" && !gate.pass()) together = false;
    return false;
  });
  const auto blobs = add_blobs(fake);
  registry::Client client = fake.client();
  CHECK(read_at_once(client, blobs));
  CHECK(together);
  CHECK(fake.server().seen().size() == 1 + at_once);
}

TEST_CASE("images are looked up at the same time, and none for another") {
  Gate gate(at_once);
  std::atomic<bool> together = true;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target != "/v2/" && !gate.pass()) together = false;
    return false;
  });
  const oci::Platform platform{"linux", "amd64", ""};
  std::vector<oci::Descriptor> images;
  for (size_t i = 0; i < at_once; ++i) {
    images.push_back(fake.add_image({"linux", "amd64", cat("v", i)}));
  }
  registry::Client client = fake.client();
  std::atomic<bool> right = true;
  base::for_each_at_once(images.size(), at_once, [&](size_t i) {
    const registry::Image image = client.fetch_image(images[i].digest, platform);
    if (image.manifest_digest != images[i].digest) right = false;
    if (image.config.platform.variant != cat("v", i)) right = false;
  });
  CHECK(right);
  CHECK(together);
}

TEST_CASE("a token is asked for once, however many blobs wait for it") {
  LoopbackServer tokens([](Exchange& exchange) { exchange.reply(200, {}, R"({"token":"good"})"); });
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.header("authorization") == "Bearer good") return false;
    exchange.reply(401, {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/token"), "\"")});
    return true;
  });
  const auto blobs = add_blobs(fake);
  registry::Client client = fake.client();
  CHECK(read_at_once(client, blobs));
  CHECK(tokens.seen().size() == 1);
}

TEST_CASE("a token that runs out is renewed once, however many blobs it is refused for") {
  std::atomic<int> issued = 0;
  LoopbackServer tokens([&](Exchange& exchange) {
    exchange.reply(200, {}, cat(R"({"token":"number )", ++issued, "\"}"));
  });
  Gate refused(at_once);
  std::atomic<bool> together = true;
  FakeRegistry fake([&](Exchange& exchange) {
    const std::string token = exchange.header("authorization");
    const bool is_greeting = exchange.target == "/v2/";
    if (token == "Bearer number 2" || (is_greeting && !token.empty())) return false;
    // All have sent the old token before the first is told that it does not count.
    if (!is_greeting && !refused.pass()) together = false;
    exchange.reply(401, {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/token"), "\"")});
    return true;
  });
  const auto blobs = add_blobs(fake);
  registry::Client client = fake.client();
  CHECK(read_at_once(client, blobs));
  CHECK(together);
  CHECK(issued == 2);
  CHECK(asked(fake.server(), "/v2/some/image/blobs/") == 2 * at_once);
}

TEST_CASE("lines are used again, and not one made for each blob") {
  FakeRegistry fake;
  const auto blobs = add_blobs(fake);
  registry::Client client = fake.client();
  for (int round = 0; round < 5; ++round) CHECK(read_at_once(client, blobs));
  CHECK(asked(fake.server(), "/v2/some/image/blobs/") == 5 * at_once);
  CHECK(asked(fake.server(), "/v2/") == 5 * at_once + 1);
}
