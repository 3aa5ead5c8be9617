#include "base/encoding.hpp"
#include "resource/support/requests.hpp"
#include "support/catch.hpp"

namespace {

/// What the log holds after a request failed and its message and `echo` were logged as errors.
std::string logged(const std::string& request, const std::string& echo) {
  CapturedLog log;
  const std::string message = message_of([&] { resource::parse_put_request(request, log); });
  CHECK_FALSE(message.empty());
  log->error(message);
  log->remote(echo);
  return log.text();
}

}  // namespace

TEST_CASE("a secret is known to the log before anything can fail") {
  const std::string password = R"("password":"hunter2")";
  const std::string git = R"("git":{"uri":"https://git.test/app",)" + password + "}";
  const std::vector<std::string> requests = {
      R"({"sorce":1,"source":{)" + password + "}}",
      R"({"Source":{"unknown":1,)" + password + "}}",
      R"({"source":{"PASSWORD":"hunter2"}})",
      R"({"source":{},"params":{)" + password + "}}",
      R"({"source":{},"Params":{"git":{"uri":1,)" + password + "}}}",
      R"({"source":{"repository":7,)" + password + "}}",
      R"({"source":{"username":[],)" + password + "}}",
      R"({"source":{"unknown":1,)" + git + "}}",
      R"({"source":{"repository":7,)" + git + "}}",
      R"({"source":{"Git":{"unknown":1,)" + password + "}}}",
      R"({"source":{"git":{"password":[],"private_key":"hunter2"}}})",
      R"({"source":{"git":{"private_key":{},"private_key_passphrase":"hunter2"}}})",
      R"({"source":{"git":{"unknown":1,"private_key_passphrase":"hunter2"}}})",
      R"({"source":{"git":{"unknown":1,"uri":"https://joe:hunter2@git.test/app"}}})",
      R"({"source":{"git":{"unknown":1,"https_tunnel":{"proxy_password":"hunter2"}}}})",
      R"({"source":{"repository":"joe:hunter2@registry.test/app"}})",
      R"({"source":{"repository":"https://joe:hunter2@registry.test/app"}})",
      R"({"source":{"repository":"https://joe:hunter2@shaman.test/app"}})",
  };
  for (const std::string& request : requests) {
    CAPTURE(request);
    const std::string text = logged(request, "you sent hunter2, " + base::base64_encode("hunter2"));
    CHECK_FALSE(contains(text, "hunter2"));
    CHECK(contains(text, "remote: you sent ***, ***\n"));
  }
}

TEST_CASE("a password is hidden without the line break at its end, too") {
  const std::string text = logged(R"({"source":{"git":{"unknown":1,"password":"hunter2\n"}}})",
                                  "you sent hunter2, " + base::base64_encode("hunter2"));
  CHECK(contains(text, "remote: you sent ***, ***\n"));
}

TEST_CASE("a numeric password is hidden, too") {
  CHECK(contains(logged(R"({"source":{"unknown":1,"password":31337.10}})", "31337.10"),
                 "remote: ***\n"));
}

TEST_CASE("a token in a URL is hidden, encoded or not, a short user name is not") {
  const auto request = [](const std::string& uri) {
    return R"({"source":{"git":{"unknown":1,"uri":")" + uri + "\"}}}";
  };
  CHECK(contains(
      logged(request("https://ghp_0123456789abcdef@git.test/app"), "got ghp_0123456789abcdef"),
      "remote: got ***\n"));
  CHECK(contains(logged(request("https://git:p%40ss%2Fw@git.test/app"), "p%40ss%2Fw p@ss/w"),
                 "remote: *** ***\n"));
  CHECK(contains(logged(request("ssh://developer@git.test/app"), "hello developer"),
                 "remote: hello developer\n"));
  CHECK(contains(logged(request("git@git.test:team/app"), "hello team"), "remote: hello team\n"));
  CHECK(contains(logged(request("git@git.test:team/repo@v2"), "hello team/repo"),
                 "remote: hello team/repo\n"));
}

TEST_CASE("a token in the query of a URL is hidden, encoded or not, a short name is not") {
  const std::string request =
      R"({"source":{"git":{"unknown":1,"uri":"https://h/git.cgi?q=images&t=glpat%2D0123456789ab"}}})";
  CHECK(contains(logged(request, "images glpat%2D0123456789ab/info/refs glpat-0123456789ab"),
                 "remote: images ***/info/refs ***\n"));
}

TEST_CASE("no piece of a password that an address was cut at is shown") {
  const auto request = [](const std::string& uri) {
    return R"({"source":{"git":{"unknown":1,"uri":")" + uri + "\"}}}";
  };
  CHECK(contains(logged(request("https://joe:abcdef@ghijkl/mnop@git.test/r"), "ghijkl/mnop abcdef"),
                 "remote: ***/*** ***\n"));
  CHECK(contains(logged(request("https://joe:443/secretpw@git.test/r"), "joe/secretpw"),
                 "remote: joe/***\n"));
}

TEST_CASE("a password that makes an address unusable is hidden") {
  const std::string password =
      GENERATE("s/hunter2", "s//hunter2", "s?hunter2", "s#hunter2", "s@x?hunter2");
  for (const char* start : {"https://joe:", "joe:", "https:/joe:", "https//joe:", "//joe:"}) {
    const std::string address = start + password + "@git.test/app";
    CAPTURE(address);
    for (const std::string& source :
         {R"("repository":")" + address + '"', R"("git":{"unknown":1,"uri":")" + address + "\"}"}) {
      const std::string text = logged(R"({"source":{)" + source + "}}", "got " + password);
      CHECK_FALSE(contains(text, "hunter2"));
    }
  }
}

TEST_CASE("the tag in front of a digest is no secret") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  CHECK(contains(logged(R"({"source":{"repository":"app:latest@)" + digest + "\"}}", "latest"),
                 "remote: latest\n"));
}

TEST_CASE("no error repeats the value of a key of the wrong type") {
  // As a number where text is expected, as a text where anything else is, as a list everywhere.
  const std::vector<std::string> values = {"31337", R"("x31337")", "[31337]", R"({"a":31337})"};
  const std::vector<std::string> image_keys = {"repository", "username", "password", "insecure",
                                               "ca_certs",   "platform", "debug",    "git"};
  const std::vector<std::string> git_keys = {
      "username",         "password",     "private_key",           "private_key_passphrase",
      "private_key_user", "known_hosts",  "skip_host_key_check",   "ca_certs",
      "author_name",      "author_email", "skip_ssl_verification", "committer_name",
      "committer_email"};
  size_t refused = 0;
  const auto check = [&](const std::string& source) {
    const std::string message = refusal_of(source);
    CAPTURE(source, message);
    CHECK_FALSE(contains(message, "31337"));
    if (!message.empty()) ++refused;
  };
  for (const std::string& value : values) {
    for (const std::string& key : image_keys) {
      check(key == "repository" ? R"({"repository":)" + value + "}"
                                : image_source("\"" + key + "\":" + value));
    }
    for (const std::string& key : git_keys) check(git_source("\"" + key + "\":" + value));
  }
  CHECK(refused >= values.size() * (image_keys.size() + git_keys.size()) / 2);
}
