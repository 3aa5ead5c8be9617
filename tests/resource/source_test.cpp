#include "resource/source.hpp"

#include "resource/support/requests.hpp"
#include "support/catch.hpp"

TEST_CASE("every key of an image source arrives") {
  CapturedLog log;
  const auto source =
      resource::parse_check_request(
          R"({"source":{"repository":"registry.test:5000/team/app","tag":"1.2","username":"joe",
              "password":"hunter2","insecure":true,"ca_certs":["one","two"],"debug":true,
              "platform":{"os":"Linux","architecture":"arm","variant":"v6"}}})",
          log)
          .source;
  REQUIRE(source.image);
  CHECK_FALSE(source.git);
  const auto& image = *source.image;
  CHECK(image.repository == "registry.test:5000/team/app");
  CHECK(image.reference.registry == "registry.test:5000");
  CHECK(image.reference.repository == "team/app");
  CHECK(image.tag == "1.2");
  REQUIRE(image.registry.credentials);
  CHECK(image.registry.credentials->username == "joe");
  CHECK(image.registry.credentials->password.reveal() == "hunter2");
  CHECK(image.registry.insecure == registry::Insecure::yes);
  CHECK(image.registry.http.ca_certs == std::vector<std::string>{"one", "two"});
  CHECK(source.platform.text() == "linux/arm/v6");
  CHECK(source.debug == base::Log::Debug::yes);
  CHECK(log->debugging());
}

TEST_CASE("what an image source leaves out is safe") {
  for (const std::string& members :
       {std::string(),
        std::string(R"("tag":null,"username":null,"password":null,"insecure":null,"ca_certs":null,
                       "platform":null,"debug":null,"git":null)"),
        std::string(R"("tag":"","username":"","password":"","insecure":false,"ca_certs":[],
                       "platform":{},"debug":false)"),
        std::string(R"("ca_certs":"")")}) {
    const auto source = source_of(image_source(members));
    REQUIRE(source.image);
    CHECK_FALSE(source.git);
    CHECK(source.image->tag == "latest");
    CHECK_FALSE(source.image->registry.credentials);
    CHECK(source.image->registry.insecure == registry::Insecure::no);
    CHECK(source.image->registry.http.verify_tls == http::VerifyTls::yes);
    CHECK(source.image->registry.http.ca_certs.empty());
    CHECK(source.platform.text() == oci::native_platform().normalised().text());
    CHECK(source.debug == base::Log::Debug::no);
  }
}

TEST_CASE("every key of a git source arrives") {
  const auto source = source_of(git_source(
      R"("branch":"images/app","username":"joe","password":"hunter2","private_key":"KEY",
         "private_key_passphrase":"PHRASE","private_key_user":"forge","known_hosts":"host key",
         "skip_host_key_check":true,"ca_certs":"PEM","skip_ssl_verification":true,
         "https_tunnel":{"proxy_host":"proxy.test","proxy_port":"3128","proxy_user":"p",
                         "proxy_password":"TUNNEL"},
         "author_name":"A","author_email":"a@x","committer_name":"C","committer_email":"c@x")"));
  REQUIRE(source.git);
  CHECK_FALSE(source.image);
  const auto& git = *source.git;
  CHECK(git.remote.uri == "https://git.test/app");
  CHECK(git.branch == "images/app");
  CHECK(git.remote.username == "joe");
  CHECK(git.remote.password.reveal() == "hunter2");
  CHECK(git.remote.private_key.reveal() == "KEY");
  CHECK(git.remote.private_key_passphrase.reveal() == "PHRASE");
  CHECK(git.remote.private_key_user == "forge");
  CHECK(git.remote.known_hosts == "host key");
  CHECK(git.remote.check_host_key == git::CheckHostKey::no);
  CHECK(git.remote.ca_certs == std::vector<std::string>{"PEM"});
  CHECK(git.remote.verify_tls == http::VerifyTls::no);
  REQUIRE(git.remote.ssh_proxy);
  CHECK(git.remote.ssh_proxy->host == "proxy.test");
  CHECK(git.remote.ssh_proxy->port == 3128);
  CHECK(git.remote.ssh_proxy->username == "p");
  CHECK(git.remote.ssh_proxy->password.reveal() == "TUNNEL");
  CHECK(git.author.name == "A");
  CHECK(git.author.email == "a@x");
  CHECK(git.committer.name == "C");
  CHECK(git.committer.email == "c@x");
}

TEST_CASE("what a git source leaves out is safe") {
  const auto git = *source_of(git_source("")).git;
  CHECK(git.branch == "main");
  CHECK(git.remote.check_host_key == git::CheckHostKey::yes);
  CHECK(git.remote.verify_tls == http::VerifyTls::yes);
  CHECK_FALSE(git.remote.ssh_proxy);
  CHECK(git.author.name == "rootfs-git-resource");
  CHECK(git.author.email == "rootfs-git-resource@localhost");
  CHECK(git.committer.name == "rootfs-git-resource");

  const auto author = *source_of(git_source(R"("author_name":"A","author_email":"a@x")")).git;
  CHECK(author.committer.name == "A");
  CHECK(author.committer.email == "a@x");
  CHECK(source_of(git_source(R"("author_name":"")")).git->author.name == "rootfs-git-resource");
  CHECK(source_of(git_source(R"("ca_certs":"")")).git->remote.ca_certs.empty());
}

TEST_CASE("an image and a repository together are a mirror") {
  const auto source = source_of(R"({"repository":"busybox","git":{"uri":"/srv/app.git"}})");
  CHECK(source.image);
  CHECK(source.git);
}

TEST_CASE("keys of the source match regardless of case, those of git as they are written") {
  const auto source = source_of(R"({"Repository":"busybox","TAG":"1","Debug":true})");
  CHECK(source.image->repository == "busybox");
  CHECK(source.image->tag == "1");
  CHECK(source.debug == base::Log::Debug::yes);
  CHECK(refusal_of(R"({"git":{"URI":"/srv/app.git"}})") ==
        "unknown key source.git.URI (did you mean uri?)");
}

TEST_CASE("unknown keys are refused at every level with the nearest known name") {
  CHECK(refusal_of(image_source(R"("tags":"1")")) == "unknown key source.tags (did you mean tag?)");
  CHECK(refusal_of(image_source(R"("insecur":true)")) ==
        "unknown key source.insecur (did you mean insecure?)");
  CHECK(refusal_of(image_source(R"("something_else":1)")) == "unknown key source.something_else");
  CHECK(refusal_of(git_source(R"("private_keys":"x")")) ==
        "unknown key source.git.private_keys (did you mean private_key?)");
  CHECK(refusal_of(image_source(R"("platform":{"architekture":"x"})")) ==
        "unknown key source.platform.architekture (did you mean architecture?)");
}

TEST_CASE("what stands a level too high is not ignored") {
  const auto refusal = [](const std::string& members) {
    return refusal_of(R"({"git":{"uri":"/srv/app.git"},)" + members + "}");
  };
  CHECK(refusal(R"("Username":"u")") ==
        "source.Username is about an image in a registry, and source has no repository; for the "
        "git server it is source.git.username");
  CHECK(contains(refusal(R"("tag_regex":"x")"), "source.tag_regex is about an image"));
  CHECK(contains(refusal(R"("TAG":1)"), "source.TAG is about an image"));
  CHECK(contains(refusal(R"("label_regex":"x")"), "source.label_regex is about an image"));
  CHECK(
      contains(refusal(R"("annotation_regex":"x")"), "source.annotation_regex is about an image"));
  CHECK(refusal(R"("branch":"main")") == "source.branch is not known; it is source.git.branch");
  CHECK(refusal_of(image_source(R"("uri":"x")")) ==
        "source.uri is not known; it is source.git.uri");
  CHECK(source_of(R"({"git":{"uri":"/srv/app.git"},"tag":"","username":null,"insecure":false,
      "ca_certs":[],"registry_mirror":{}})")
            .git);
}

TEST_CASE("a tag keeps the text it was written with") {
  CHECK(source_of(image_source(R"("tag":1.10)")).image->tag == "1.10");
  CHECK(source_of(image_source(R"("tag":20240102030405060708091)")).image->tag ==
        "20240102030405060708091");
  CHECK(source_of(image_source(R"("tag":7)")).image->tag == "7");
  CHECK(source_of(image_source(R"("tag":"v1_2.3-x")")).image->tag == "v1_2.3-x");
  CHECK(refusal_of(image_source(R"("tag":true)")) ==
        "source.tag: expected a string or a number, got true or false");
  for (const char* tag : {R"("a/b")", R"("-x")", R"("a b")", R"("a\nb")", "-7", R"("../x")"}) {
    CHECK(contains(refusal_of(image_source(std::string(R"("tag":)") + tag)), "is not a tag"));
  }
}

TEST_CASE("half a login is refused instead of trying anonymously") {
  const std::string expected = "set both source.username and source.password, or neither";
  CHECK(refusal_of(image_source(R"("username":"joe")")) == expected);
  CHECK(refusal_of(image_source(R"("password":"hunter2")")) == expected);
  CHECK(refusal_of(image_source(R"("username":"joe","password":"")")) == expected);
  const std::string for_git = "set both source.git.username and source.git.password, or neither";
  CHECK(refusal_of(git_source(R"("username":"joe")")) == for_git);
  CHECK(refusal_of(git_source(R"("password":"hunter2")")) == for_git);
}

TEST_CASE("logins that look like numbers are taken as text") {
  const auto image = *source_of(image_source(R"("username":1234,"password":0.50)")).image;
  CHECK(image.registry.credentials->username == "1234");
  CHECK(image.registry.credentials->password.reveal() == "0.50");
  const auto git = *source_of(git_source(R"("username":1234,"password":0.50)")).git;
  CHECK(git.remote.username == "1234");
  CHECK(git.remote.password.reveal() == "0.50");
}

TEST_CASE("a repository with tag or digest is refused with where it belongs") {
  CHECK(refusal_of(R"({"repository":"registry.test:5000/app:1.2"})") ==
        "source.repository: the tag has a key of its own: repository: registry.test:5000/app, "
        "tag: \"1.2\"");
  const std::string digest = "sha256:" + std::string(64, 'a');
  CHECK(refusal_of(R"({"repository":"app@)" + digest + "\"}") ==
        "source.repository: a digest has no place here; check finds it");
  CHECK(refusal_of(R"({"repository":7})") == "source.repository: expected a string, got a number");
  // Nothing is suggested that would be refused in turn.
  CHECK(refusal_of(R"({"repository":""})") ==
        "source.repository: \"\" is not an image name: it is empty; write repository or "
        "registry/repository");
  CHECK(contains(refusal_of(R"({"repository":")" + std::string(64, 'a') + "\"}"),
                 "64 digits are an image id; write the name of its repository"));
  CHECK(contains(refusal_of(R"({"repository":"https://registry.test/app"})"),
                 "write it without https://"));
}

TEST_CASE("platforms are read as people write them") {
  const auto text = [](const std::string& platform) {
    return source_of(image_source(R"("platform":)" + platform)).platform.text();
  };
  CHECK(text(R"({"architecture":"arm64/v8"})") == "linux/arm64/v8");
  CHECK(text(R"({"architecture":"aarch64","os":"linux"})") == "linux/arm64/v8");
  CHECK(text(R"({"architecture":"x86_64"})") == "linux/amd64/v1");
  CHECK(text(R"({"architecture":"arm","variant":"v7"})") == "linux/arm/v7");
  CHECK(text(R"({"os":"windows","architecture":"amd64"})") == "windows/amd64/v1");
  CHECK(refusal_of(image_source(R"("platform":"linux/arm64")")) ==
        "source.platform: expected an object, got a string");
  CHECK(refusal_of(image_source(R"("platform":{"architecture":386})")) ==
        "source.platform.architecture: expected a string, got a number");
}

TEST_CASE("a branch that would break the wire or the server is refused") {
  const auto branch = [](const std::string& json) {
    return source_of(git_source(R"("branch":)" + json)).git->branch;
  };
  CHECK(branch(R"("feature/x.y_z")") == "feature/x.y_z");
  CHECK(branch(R"("refs/heads/main")") == "main");
  CHECK(branch(R"("\u00e9")") == "\xc3\xa9");
  CHECK(branch("\"\"") == "main");
  CHECK(branch("null") == "main");
  for (const char* bad :
       {"-x",   "@",  "a..b",   "a@{1}",    "/a",    "a/",        "a//b",      ".a",
        "a/.b", "a.", "a.lock", "a.lock/b", "a b",   "a~1",       "a^",        "a:b",
        "a?",   "a*", "a[b",    "a\\\\b",   "a\\nb", "a\\u0000b", "a\\u007fb", "refs/heads/"}) {
    CAPTURE(bad);
    CHECK(contains(refusal_of(git_source(R"("branch":")" + std::string(bad) + "\"")),
                   "source.git.branch: "));
  }
  CHECK(contains(refusal_of(git_source(R"("branch":")" + std::string(300, 'a') + "\"")),
                 "is not a branch name"));
}

TEST_CASE("a proxy for SSH that nobody can reach is refused before anything is asked") {
  const auto refusal = [](const std::string& tunnel) {
    return refusal_of(git_source(R"("https_tunnel":{)" + tunnel + "}"));
  };
  const std::string host = "source.git.https_tunnel.proxy_host: expected the name or IP address";
  CHECK(contains(refusal(R"("proxy_host":"http://proxy.test","proxy_port":3128)"), host));
  CHECK(contains(refusal(R"("proxy_host":"me:hunter2@proxy.test","proxy_port":3128)"), host));
  CHECK(contains(refusal(R"("proxy_host":"proxy.test?","proxy_port":3128)"), host));
  CHECK(contains(refusal(R"("proxy_host":"proxy\ntest","proxy_port":3128)"), host));
  for (const char* port : {R"("")", R"("31x8")", "0", "65536", "-1", "null"}) {
    CAPTURE(port);
    CHECK(refusal(R"("proxy_host":"proxy.test","proxy_port":)" + std::string(port)) ==
          "source.git.https_tunnel.proxy_port: expected a number from 1 to 65535");
  }
}

TEST_CASE("a proxy for SSH whose variables say nothing is none") {
  for (const char* none : {R"("")", "{}", R"({"proxy_host":"","proxy_port":null})",
                           R"({"proxy_host":"","proxy_port":"","proxy_user":"",
                               "proxy_password":""})"}) {
    CAPTURE(none);
    CHECK_FALSE(
        source_of(git_source(R"("https_tunnel":)" + std::string(none))).git->remote.ssh_proxy);
  }
}

TEST_CASE("what fly makes text of means in git what it means to the stock type") {
  const auto git = [](const std::string& members) { return *source_of(git_source(members)).git; };
  CHECK(git(R"("skip_ssl_verification":"true")").remote.verify_tls == http::VerifyTls::no);
  CHECK(git(R"("skip_ssl_verification":"false")").remote.verify_tls == http::VerifyTls::yes);
  CHECK(git(R"("skip_ssl_verification":"")").remote.verify_tls == http::VerifyTls::yes);
  CHECK(git(R"("private_key_user":1001)").remote.private_key_user == "1001");
  CHECK(refusal_of(git_source(R"("skip_ssl_verification":"yes")")) ==
        "source.git.skip_ssl_verification: expected true or false, got a string");
}

TEST_CASE("a line break at the end of a login at a git server is none of it") {
  const auto git = *source_of(R"({"git":{"uri":"https://git.test/app\n","branch":"b\n",
      "username":"joe\n","password":"hunter2\r\n","private_key":"KEY\n",
      "private_key_passphrase":"PHRASE\n","private_key_user":"forge\n",
      "https_tunnel":{"proxy_host":"p","proxy_port":1,"proxy_user":"u\n","proxy_password":"p\n"}}})")
                        .git;
  CHECK(git.remote.uri == "https://git.test/app");
  CHECK(git.branch == "b");
  CHECK(git.remote.username == "joe");
  CHECK(git.remote.password.reveal() == "hunter2");
  CHECK(git.remote.private_key.reveal() == "KEY\n");
  CHECK(git.remote.private_key_passphrase.reveal() == "PHRASE");
  CHECK(git.remote.private_key_user == "forge");
  REQUIRE(git.remote.ssh_proxy);
  CHECK(git.remote.ssh_proxy->username == "u");
  CHECK(git.remote.ssh_proxy->password.reveal() == "p");
}

TEST_CASE("what stands in front of messages is one line and keeps its blank") {
  const auto prefix = [](const std::string& json) {
    return source_of(git_source(R"("commit_message_prefix":)" + json)).git->message_prefix;
  };
  CHECK(prefix(R"("OPS-12: ")") == "OPS-12: ");
  CHECK(prefix(R"("OPS-12: \n")") == "OPS-12: ");
  CHECK(prefix("null").empty());
  CHECK(refusal_of(git_source(R"("commit_message_prefix":"a\nauthor b")")) ==
        "source.git.commit_message_prefix: expected one line, without control characters");
}

TEST_CASE("git without a repository to push to is refused") {
  const std::string expected = "source.git.uri is missing: the address of the repository";
  CHECK(refusal_of(R"({"git":{}})") == expected);
  CHECK(refusal_of(R"({"git":{"uri":null}})") == expected);
  CHECK(refusal_of(R"({"git":{"uri":""}})") == expected);
  CHECK(refusal_of(R"({"git":"https://git.test/app"})") ==
        "source.git: expected an object, got a string");
}
