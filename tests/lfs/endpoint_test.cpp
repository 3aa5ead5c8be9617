#include "lfs/endpoint.hpp"

#include <sys/stat.h>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

using lfs::find_endpoint;

namespace {

std::string url_of(const std::string& uri, const std::string& given = "") {
  const auto endpoint = find_endpoint(uri, given);
  return endpoint.url ? endpoint.url->text() : "";
}

}  // namespace

TEST_CASE("the server of a repository is where git-lfs looks for it") {
  CHECK(url_of("https://host/a/b.git") == "https://host/a/b.git/info/lfs");
  CHECK(url_of("https://host/a/b") == "https://host/a/b.git/info/lfs");
  CHECK(url_of("http://host:8080/b/") == "http://host:8080/b.git/info/lfs");
  CHECK(url_of("http://host:8080/") == "http://host:8080/info/lfs");
  CHECK(url_of("http://host") == "http://host/info/lfs");
  CHECK(url_of("git@host:a/b.git") == "https://host/a/b.git/info/lfs");
  CHECK(url_of("ssh://git@host:2222/a/b") == "https://host/a/b.git/info/lfs");
  CHECK(find_endpoint("git@host:a/b.git", "").ssh);
}

TEST_CASE("an address that was given is taken as it is") {
  CHECK(url_of("https://host/b.git", "https://lfs.example/x/") == "https://lfs.example/x/");
  CHECK_FALSE(find_endpoint("git@host:b", "https://lfs.example/x").ssh);
  CHECK(find_endpoint("https://host/b", "file:///srv/b.git").directory == "/srv/b.git/lfs/objects");
  const std::string message = message_of([] { find_endpoint("/x", "ftp://me:secret@host/"); });
  CHECK(contains(message, "git.lfs.url"));
  CHECK_FALSE(contains(message, "secret"));
}

TEST_CASE("a local repository has a folder of objects") {
  const ScratchDir scratch;
  const std::string path = scratch.path().string();
  CHECK(find_endpoint("/srv/b.git/", "").directory == "/srv/b.git/lfs/objects");
  CHECK(find_endpoint("file:///srv/a%20b", "").directory == "/srv/a b/lfs/objects");
  REQUIRE(::mkdir((path + "/.git").c_str(), 0755) == 0);
  CHECK(find_endpoint(path, "").directory == path + "/.git/lfs/objects");
}
