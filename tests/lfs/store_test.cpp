#include "lfs/store.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/error.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/loopback_server.hpp"

namespace {

const std::string content = "a large file";
const std::string oid(64, 'a');
const std::string batch_path = "/a.git/info/lfs/objects/batch";
const std::string object_error = "object";
constexpr int most_attempts = 6;

/// A server that wants an upload and a verification each time it is asked.
class UploadServer {
 public:
  /// By path, what is answered in turn before there is success; for the object, in a good answer.
  using Failures = std::map<std::string, std::vector<int>>;
  /// `upload_ends` is the moment that stands in the upload's action.
  explicit UploadServer(Failures failures, std::string upload_ends = "2901-01-01T00:00:00Z")
      : failures_(std::move(failures)), upload_ends_(std::move(upload_ends)) {}

  /// Uploads one file.
  uint64_t upload() {
    CapturedLog log;
    lfs::Options options;
    options.remote.uri = loopback_.url("/a.git");
    const lfs::Upload upload{{oid, content.size(), "opt/x"},
                             [] { return std::make_unique<base::MemorySource>(content); }};
    return lfs::open_store(options, log, [](auto) {})->upload({upload});
  }
  long count(const std::string& line) const {
    const auto lines = loopback_.lines();
    return std::count(lines.begin(), lines.end(), line);
  }

 private:
  void answer(Exchange& exchange) {
    exchange.body();
    if (const int status = next_failure(exchange.target); status != 0) {
      return exchange.reply(status);
    }
    if (exchange.target != batch_path) return exchange.reply(200);
    if (const int code = next_failure(object_error); code != 0) {
      return exchange.reply(200, {},
                            R"({"objects":[{"oid":")" + oid + R"(","error":{"code":)" +
                                std::to_string(code) + R"(,"message":"no"}}]})");
    }
    exchange.reply(200, {},
                   R"({"objects":[{"oid":")" + oid +
                       R"(","actions":{"upload":{"href":"/up","expires_at":")" + upload_ends_ +
                       R"("},"verify":{"href":"/verify"}}}]})");
  }
  int next_failure(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::vector<int>& failures = failures_[path];
    if (failures.empty()) return 0;
    const int status = failures.front();
    failures.erase(failures.begin());
    return status;
  }

  std::mutex mutex_;
  Failures failures_;
  std::string upload_ends_;
  LoopbackServer loopback_{[this](Exchange& exchange) { answer(exchange); }};
};

}  // namespace

TEST_CASE("a verification that fails for a while sends no file twice") {
  UploadServer server({{"/verify", {500, 403, 503}}});
  CHECK(server.upload() == content.size());
  CHECK(server.count("PUT /up") == 1);
  CHECK(server.count("POST /verify") == 4);
}

TEST_CASE("a verification that fails for good ends after as many attempts as all else") {
  UploadServer server({{"/verify", std::vector<int>(100, 500)}});
  CHECK_THROWS_AS(server.upload(), base::Error);
  CHECK(server.count("PUT /up") == 1);
  CHECK(server.count("POST /verify") == most_attempts);
}

TEST_CASE("an upload whose address expired is verified with an address that may expire as well") {
  UploadServer server({{"/up", {403}}, {"/verify", {403}}});
  CHECK(server.upload() == content.size());
  CHECK(server.count("PUT /up") == 2);
  CHECK(server.count("POST /verify") == 2);
}

TEST_CASE("an object that a server refuses for the moment is not taken for one that it has") {
  UploadServer busy(UploadServer::Failures{{object_error, {503, 429}}});
  CHECK(busy.upload() == content.size());
  CHECK(busy.count("PUT /up") == 1);
  CHECK(busy.count("POST " + batch_path) == 3);
  const int code = GENERATE(503, 422, -1);
  UploadServer server(UploadServer::Failures{{object_error, std::vector<int>(100, code)}});
  CHECK_THROWS_AS(server.upload(), base::Error);
  CHECK(server.count("PUT /up") == 0);
  CHECK(server.count("POST " + batch_path) == (code == 503 ? most_attempts : 1));
}

TEST_CASE("an upload that has ended before its turn is asked for anew, not tried in vain") {
  UploadServer fresh({});
  CHECK(fresh.upload() == content.size());
  CHECK(fresh.count("POST " + batch_path) == 1);
  UploadServer late({}, "2001-09-09T01:46:40Z");
  CHECK(late.upload() == content.size());
  CHECK(late.count("POST " + batch_path) == 2);
  CHECK(late.count("PUT /up") == 1);
}

TEST_CASE("asking anew in vain does not multiply the attempts of the upload") {
  std::vector<int> batches(100, 503);
  batches.front() = 0;
  UploadServer server({{"/up", {500}}, {batch_path, batches}});
  CHECK_THROWS_AS(server.upload(), base::Error);
  CHECK(server.count("PUT /up") == 1);
  CHECK(server.count("POST " + batch_path) == 1 + most_attempts);
}
