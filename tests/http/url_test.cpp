#include "http/url.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using http::Url;

TEST_CASE("a URL is split into the parts a request needs") {
  const Url url = Url::parse("HTTPS://us%40er:p%3Aw@Example.COM:8443/a%2Fb/../c?x=1&y=/#part");
  CHECK(url.scheme == "https");
  CHECK(url.host == "example.com");
  CHECK(url.port == 8443);
  CHECK(url.path == "/a%2Fb/../c");
  CHECK(url.query == "x=1&y=/");
  CHECK(url.username == "us@er");
  CHECK(url.password == "p:w");
  CHECK(url.text() == "https://example.com:8443/a%2Fb/../c?x=1&y=/");
}

TEST_CASE("what is shown of a URL holds neither credentials nor signatures") {
  const Url url = Url::parse("https://user:secret@host/path?X-Signature=secret");
  CHECK(url.display() == "https://host/path");
  CHECK(Url::parse("https://user:12/pass@host/r").display() == "https://***@host/r");
  CHECK(Url::parse("https://user:12?pass@host/r").display() == "https://***@");
  CHECK(Url::parse("https://host:12/r?token=ha@lf").display() == "https://***@");
}

TEST_CASE("default ports and paths are filled in") {
  CHECK(Url::parse("http://h").port == 80);
  CHECK(Url::parse("https://h").port == 443);
  CHECK(Url::parse("https://h:443").host_and_port() == "h");
  CHECK(Url::parse("https://h:80").host_and_port() == "h:80");
  CHECK(Url::parse("https://h?q").path == "/");
  CHECK(Url::parse("https://h?q").query == "q");
  CHECK(Url::parse("http://[::1]:5000/a").host == "::1");
  CHECK(Url::parse("http://[::1]:5000/a").text() == "http://[::1]:5000/a");
}

TEST_CASE("unusable URLs are refused without showing their password") {
  const char* text = GENERATE(
      "", "host/path", "ftp://user:secret@h/", "https://", "https:///path",
      "https://user:secret@h:0/", "https://user:secret@h:65536/",
      "https://user:secret@h:99999999999999999999/", "https://user:secret@h:5x/",
      "https://user:secret@[::1", "https://[]/", "https://user:secret@h/a b",
      "https://user:secret@h/\n", "https://user:secret@h\\evil/", "https://h/?token=secret\r\n",
      "https://user:secret?x@h/", "https://user:secret#x@h/", "https://user:secret/x@h/",
      "https://user:s?x@secret@h:x/", "//user:secret?@h/", "http:/user:secret?x@h/",
      "https://user:1@h:5x/?token=a@secret");
  CAPTURE(text);
  const std::string message = message_of([&] { Url::parse(text); });
  CHECK(!message.empty());
  CHECK_FALSE(contains(message, "secret"));
}

TEST_CASE("references resolve as RFC 3986 section 5.4 lists") {
  const Url base = Url::parse("http://a/b/c/d;p?q");
  const auto resolved = [&](const char* reference) { return base.resolve(reference).text(); };
  CHECK(resolved("g") == "http://a/b/c/g");
  CHECK(resolved("./g") == "http://a/b/c/g");
  CHECK(resolved("g/") == "http://a/b/c/g/");
  CHECK(resolved("/g") == "http://a/g");
  CHECK(resolved("//g") == "http://g/");
  CHECK(resolved("?y") == "http://a/b/c/d;p?y");
  CHECK(resolved("g?y") == "http://a/b/c/g?y");
  CHECK(resolved("") == "http://a/b/c/d;p?q");
  CHECK(resolved(".") == "http://a/b/c/");
  CHECK(resolved("..") == "http://a/b/");
  CHECK(resolved("../g") == "http://a/b/g");
  CHECK(resolved("../../../g") == "http://a/g");
  CHECK(resolved("/./g") == "http://a/g");
  CHECK(resolved("https://other:1/x?y#z") == "https://other:1/x?y");
  CHECK(resolved("/with blank?a b") == "http://a/with%20blank?a%20b");
  CHECK_THROWS_AS(base.resolve("ftp://h/"), base::Error);
}

TEST_CASE("an address that a server made up takes little room in a message") {
  const std::string endless = "https://h/" + std::string(100'000, 'a');
  CHECK(Url::parse(endless).display().size() < 2000);
  CHECK(Url::parse(endless).text() == endless);
  CHECK(message_of([&] { Url::parse("ftp://" + endless); }).size() < 2000);
}

TEST_CASE("a change of scheme, host or port is another origin") {
  const Url url = Url::parse("https://h/");
  CHECK(url.same_origin(Url::parse("https://H:443/other?q")));
  CHECK_FALSE(url.same_origin(Url::parse("http://h:443/")));
  CHECK_FALSE(url.same_origin(Url::parse("https://h:444/")));
  CHECK_FALSE(url.same_origin(Url::parse("https://g/")));
}

TEST_CASE("a login goes to its own origin and the https side of it, and nowhere else") {
  const Url plain = Url::parse("http://h/repository");
  CHECK(plain.shares_login(Url::parse("http://H:80/other")));
  CHECK(plain.shares_login(Url::parse("https://h/other")));
  CHECK_FALSE(plain.shares_login(Url::parse("https://h:8443/")));
  CHECK_FALSE(plain.shares_login(Url::parse("http://h:81/")));
  CHECK_FALSE(plain.shares_login(Url::parse("https://g/")));
  CHECK_FALSE(plain.shares_login(Url::parse("https://sub.h/")));
  CHECK_FALSE(Url::parse("http://h:8080/").shares_login(Url::parse("https://h/")));
  const Url secure = Url::parse("https://h/repository");
  CHECK(secure.shares_login(Url::parse("https://h/other")));
  CHECK_FALSE(secure.shares_login(Url::parse("http://h/")));
  CHECK_FALSE(secure.shares_login(Url::parse("http://h:443/")));
}

TEST_CASE("addresses of this machine and of private networks are known in every notation") {
  for (const char* host : {"localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9",
                           "::1", "127.1", "0x7f000001", "2130706433", "::ffff:127.0.0.1"}) {
    CAPTURE(host);
    CHECK(http::is_loopback_host(host));
    CHECK(http::is_local_host(host));
  }
  for (const char* host : {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "0.0.0.0",
                           "169.254.169.254", "100.64.0.0", "100.100.100.200", "100.127.255.255",
                           "fe80::1", "fc00::1", "fd12::1", "::", "::ffff:10.0.0.1"}) {
    CAPTURE(host);
    CHECK_FALSE(http::is_loopback_host(host));
    CHECK(http::is_local_host(host));
  }
  for (const char* host : {"example.com", "localhost.example.com", "11.0.0.1", "172.32.0.1",
                           "172.15.0.1", "192.169.0.1", "100.63.255.255", "100.128.0.0", "8.8.8.8",
                           "2001:db8::1", "10.example.com"}) {
    CAPTURE(host);
    CHECK_FALSE(http::is_local_host(host));
  }
}

TEST_CASE("a name that libcurl reads in another way does not pass for a public host") {
  for (const char* host : {"\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "\uff4cocalhost",
                           "localhost", "10.0.0.1"}) {
    CAPTURE(host);
    CHECK(http::may_be_local_host(host));
  }
  for (const char* host : {"registry.example", "xn--bcher-kva.example", "8.8.8.8"}) {
    CHECK_FALSE(http::may_be_local_host(host));
  }
}
