#include "lfs/access.hpp"

#include "http/client.hpp"
#include "support/catch.hpp"

namespace {

/// What somebody with the login "name" sets, with or without a key.
lfs::Options options_for(const std::string& uri, const std::string& url, bool has_key = false) {
  lfs::Options options;
  options.remote.uri = uri;
  options.remote.username = "name";
  options.remote.password = base::Secret("word");
  if (has_key) options.remote.private_key = base::Secret("a key");
  options.url = url;
  return options;
}

std::string sent_to(const std::string& target, const lfs::Options& options) {
  base::Log log(-1);
  const lfs::Endpoint endpoint = lfs::find_endpoint(options.remote.uri, options.url);
  const lfs::Access access(options, endpoint, log);
  return access.authorization(http::Url::parse(target)).reveal();
}

const std::string own = http::basic_authorization("name", "word").reveal();

}  // namespace

TEST_CASE("the login of a repository goes to the LFS server beside it and nowhere else") {
  const lfs::Options options = options_for("https://host/a.git", "");
  CHECK(sent_to("https://host/a.git/info/lfs/objects/batch", options) == own);
  CHECK(sent_to("https://HOST/object", options) == own);
  for (const std::string other : {"http://host/x", "https://host:8443/x", "https://host.evil/x",
                                  "https://evil/host/x", "https://host@evil/x"}) {
    INFO(other);
    CHECK(sent_to(other, options).empty());
  }
}

TEST_CASE("a server of its own gets the repository's login only where both are one") {
  const std::string here = "https://host/lfs";
  const std::string there = "https://other/lfs";
  CHECK(sent_to(here, options_for("https://host/a.git", here)) == own);
  CHECK(sent_to(here, options_for("http://host/a.git", here)) == own);
  for (const std::string& target : {here, there}) {
    CHECK(sent_to(target, options_for("https://host/a.git", there)).empty());
    CHECK(sent_to(target, options_for("https://host/a.git", "http://host/lfs")).empty());
    CHECK(sent_to(target, options_for("/srv/a.git", there)).empty());
    CHECK(sent_to(target, options_for("file:///srv/a.git", there)).empty());
  }
}

TEST_CASE("a login in an address is for the server that it names") {
  const std::string mine = http::basic_authorization("me", "m@").reveal();
  const std::string url = "https://me:m%40@other/lfs";
  CHECK(sent_to("https://other/x", options_for("https://host/a.git", url)) == mine);
  CHECK(sent_to("https://host/x", options_for("https://host/a.git", url)).empty());
  lfs::Options options = options_for("https://me:m%40@host/a.git", "");
  CHECK(sent_to("https://host/x", options) == own);
  options.remote.username.clear();
  CHECK(sent_to("https://host/x", options) == mine);
  CHECK(sent_to("https://other/x", options).empty());
}

TEST_CASE("a password that is for ssh does not go to the https server of the host") {
  const std::string uri = "git@Host:a.git";
  CHECK(sent_to("https://host/x", options_for(uri, "")).empty());
  // With a key, ssh needs none.
  CHECK(sent_to("https://host/x", options_for(uri, "", true)) == own);
  CHECK(sent_to("http://host/x", options_for(uri, "", true)).empty());
  CHECK(sent_to("https://other/x", options_for(uri, "", true)).empty());
  CHECK(sent_to("https://other/x", options_for(uri, "https://other/lfs", true)).empty());
  CHECK(sent_to("http://host/x", options_for(uri, "http://host/lfs", true)).empty());
}
