#include "resource/protocol.hpp"

#include "resource/support/requests.hpp"
#include "support/catch.hpp"

using resource::parse_check_request;
using resource::parse_get_request;
using resource::parse_put_request;

namespace {

using Versions = std::vector<resource::Version>;

const std::string digest = "sha256:" + std::string(64, 'a');
const std::string source = R"("source":{"repository":"busybox"})";
const std::string git_only = R"("source":{"git":{"uri":"/srv/app.git"}})";
const std::string version = R"("version":{"tag":"1","digest":")" + digest + "\"}";

resource::CheckRequest check_request(const std::string& members) {
  CapturedLog log;
  return parse_check_request("{" + members + "}", log);
}
resource::GetRequest get_request(const std::string& members) {
  CapturedLog log;
  return parse_get_request("{" + members + "}", log);
}
resource::PutRequest put_request(const std::string& members) {
  CapturedLog log;
  return parse_put_request("{" + members + "}", log);
}

}  // namespace

TEST_CASE("no version, null and {} are the first check") {
  for (const char* none : {"", R"(,"version":null)", R"(,"version":{})", R"(,"Version":null)"}) {
    CHECK_FALSE(check_request(source + none).version);
  }
  const auto given = check_request(source + "," + version).version;
  REQUIRE(given);
  CHECK(given->tag == "1");
  CHECK(given->digest == digest);
}

TEST_CASE("the three parts of a request match regardless of case, as Concourse has it") {
  const auto request = get_request(R"("Source":{"repository":"busybox"},"VERSION":{"digest":")" +
                                   digest + R"("},"Params":{"skip_download":true})");
  CHECK(request.source.image->repository == "busybox");
  CHECK(request.version.digest == digest);
  CHECK(request.params.skip_download);
}

TEST_CASE("the key of a version or parameter matches as it is written") {
  CHECK(message_of([] { check_request(source + R"(,"version":{"Digest":"x"})"); }) ==
        "unknown key version.Digest (did you mean digest?)");
  CHECK(message_of([] { put_request(git_only + R"(,"params":{"Image":"x"})"); }) ==
        "unknown key params.Image (did you mean image?)");
}

TEST_CASE("a push option is one line, whatever git's protocol makes of more") {
  const auto options = [](const std::string& json) {
    return put_request(git_only + R"(,"params":{"push_options":)" + json + "}")
        .source.git->remote.push_options;
  };
  CHECK(options(R"("ci.skip\n")") == std::vector<std::string>{"ci.skip"});
  CHECK(options(R"(["ci.skip","a b"])") == std::vector<std::string>{"ci.skip", "a b"});
  for (const char* none : {"null", "[]", R"("")"}) CHECK(options(none).empty());
  for (const char* bad : {R"(["a\nb"])", R"([""])", R"(["a\u0000b"])"}) {
    CHECK(message_of([&] { options(bad); }) ==
          "params.push_options[0]: expected one line, without control characters");
  }
  CHECK(contains(message_of([&] { options('"' + std::string(16 * 1024 + 1, 'x') + '"'); }),
                 "params.push_options: longer than 16,384 bytes"));
  CHECK(message_of([&] { options("[7]"); }) ==
        "params.push_options[0]: expected a string, got a number");
}

TEST_CASE("a typing error in a request is not silently ignored") {
  CHECK(message_of([] { check_request(source + R"(,"verson":{})"); }) ==
        "unknown key verson (did you mean version?)");
  CHECK(message_of([] { check_request(source + R"(,"version":{"digset":"x"})"); }) ==
        "unknown key version.digset (did you mean digest?)");
  CHECK(message_of([] { get_request(source + "," + version + R"(,"params":{"fromat":"x"})"); }) ==
        "unknown key params.fromat (did you mean format?)");
  CHECK(message_of([] { put_request(git_only + R"(,"params":{"imgae":"x"})"); }) ==
        "unknown key params.imgae (did you mean image?)");
  CHECK(message_of([] {
          get_request(source + "," + version + R"(,"params":{"platform":{"arch":"x"}})");
        }).starts_with("unknown key params.platform.arch"));
}

TEST_CASE("a version of the other kind of resource is refused") {
  CHECK(message_of([] { check_request(source + R"(,"version":{"ref":"x"})"); }) ==
        "version.ref does not fit this source: with repository, a version is {tag, digest}");
  CHECK(contains(message_of([] { check_request(git_only + R"(,"version":{"digest":"x"})"); }),
                 "version.digest does not fit this source: with only git, a version is {ref}"));
  CHECK(check_request(git_only + R"(,"version":{"ref":"abc"})").version->ref == "abc");
}

TEST_CASE("a get without a version says what to do") {
  for (const char* none : {"", R"(,"version":null)", R"(,"version":{})"}) {
    CHECK(message_of([&] { get_request(source + none); }) ==
          "version is missing: run check first and pass one of its versions");
  }
}

TEST_CASE("absent, null and empty parameters of a get are alike") {
  for (const char* none :
       {"", R"(,"params":null)", R"(,"params":{})",
        R"(,"params":{"format":null,"skip_download":null,"platform":null})",
        R"(,"params":{"format":"","platform":{}})", R"(,"params":{"format":"rootfs"})"}) {
    const auto request = get_request(source + "," + version + none);
    CHECK_FALSE(request.params.skip_download);
    CHECK_FALSE(request.params.platform);
  }
}

TEST_CASE("the platform of a get stands for itself") {
  const auto request =
      get_request(R"("source":{"repository":"x","platform":{"architecture":"s390x"}},)" + version +
                  R"(,"params":{"platform":{"architecture":"arm64/v8"}})");
  REQUIRE(request.params.platform);
  CHECK(request.params.platform->text() == "linux/arm64/v8");
  CHECK(request.source.platform.text() == "linux/s390x");
}

TEST_CASE("wrong types are refused by path") {
  CHECK(message_of([] { check_request(R"("source":"busybox")"); }) ==
        "source: expected an object, got a string");
  CHECK(message_of([] { check_request(source + R"(,"version":"x")"); }) ==
        "version: expected an object, got a string");
  CHECK(message_of([] { check_request(source + R"(,"version":{"digest":1})"); }) ==
        "version.digest: expected a string, got a number");
  CHECK(message_of([] { get_request(source + "," + version + R"(,"params":[])"); }) ==
        "params: expected an object, got a list");
  CHECK(message_of([] {
          get_request(source + "," + version + R"(,"params":{"skip_download":"yes"})");
        }) == "params.skip_download: expected true or false, got a string");
  CHECK(message_of([] { put_request(git_only + R"(,"params":{"image":7})"); }) ==
        "params.image: expected a string, got a number");
}

TEST_CASE("what is no request is refused with what was expected") {
  CapturedLog log;
  CHECK(message_of([&] { parse_check_request(" \n", log); }) == "no request on standard input");
  CHECK(message_of([&] { parse_check_request("{", log); }) ==
        "the request on standard input: is not valid JSON");
  CHECK(message_of([&] { parse_check_request("[]", log); }) ==
        "the document: expected an object with source, version and params, got a list");
  CHECK(message_of([&] { parse_check_request("{}", log); }) ==
        "source needs repository (an image in a registry) or git (a repository), or both");
  CHECK(message_of([&] { parse_check_request(R"({"source":null})", log); }) ==
        "source needs repository (an image in a registry) or git (a repository), or both");
}

TEST_CASE("a put takes the image's directory and no version") {
  CHECK(put_request(git_only + R"(,"params":{"image":"busybox"})").params.image == "busybox");
  for (const char* none : {"", R"(,"params":null)", R"(,"params":{})", R"(,"version":null)"}) {
    CHECK(put_request(git_only + none).params.image.empty());
  }
  CHECK(message_of([] { put_request(git_only + R"(,"version":{"ref":"x"})"); }) ==
        "put takes no version");
}

TEST_CASE("answers have exactly the bytes Concourse reads") {
  CHECK(resource::encode(Versions{}) == "[]\n");
  CHECK(resource::encode(Versions{{"1", "sha256:aa", ""}, {"1", "sha256:bb", ""}}) ==
        R"([{"tag":"1","digest":"sha256:aa"},{"tag":"1","digest":"sha256:bb"}])"
        "\n");
  CHECK(resource::encode(Versions{{"", "", "0123"}}) == "[{\"ref\":\"0123\"}]\n");
  CHECK(resource::encode(resource::StepResult{{"1", "sha256:aa", ""}, {}}) ==
        R"({"version":{"tag":"1","digest":"sha256:aa"},"metadata":[]})"
        "\n");
  CHECK(resource::encode(
            resource::StepResult{{"", "", "0123"}, {{"b", "2"}, {"a", "\"\xc3\xa9\n"}}}) ==
        R"({"version":{"ref":"0123"},"metadata":[{"name":"b","value":"2"},)"
        "{\"name\":\"a\",\"value\":\"\\\"\xc3\xa9\\n\"}]}\n");
}

TEST_CASE("bytes that are no UTF-8 do not break the answer") {
  CHECK(resource::encode(resource::StepResult{{"1", "d", ""}, {{"image", "a\xffz"}}}) ==
        "{\"version\":{\"tag\":\"1\",\"digest\":\"d\"},"
        "\"metadata\":[{\"name\":\"image\",\"value\":\"a\xef\xbf\xbdz\"}]}\n");
}

TEST_CASE("a login for one step takes the place of the source's, part by part") {
  const std::string both = R"("source":{"Repository":"busybox","Username":"u","PASSWORD":"old",)"
                           R"("Git":{"uri":"https://git.test/r","username":"g","password":"old"}})";
  const std::string params =
      R"(,"params":{"password":"new","username":"","git":{"password":1.50}})";
  const auto check = [](const resource::Source& source) {
    REQUIRE(source.image->registry.credentials);
    CHECK(source.image->registry.credentials->username == "u");
    CHECK(source.image->registry.credentials->password.reveal() == "new");
    CHECK(source.git->remote.username == "g");
    CHECK(source.git->remote.password.reveal() == "1.50");
  };
  check(put_request(both + params).source);
  check(get_request(both + "," + version + params).source);
}

TEST_CASE("a login for one step is enough where source has none") {
  const std::string login = R"(,"params":{"username":"u","password":"p"})";
  CHECK(get_request(source + "," + version + login).source.image->registry.credentials);
  const std::string key = R"(,"params":{"git":{"private_key":"k"}})";
  CHECK(put_request(git_only + key).source.git->remote.private_key.reveal() == "k");
  const std::string amazon = R"(,"params":{"aws_access_key_id":"a","aws_secret_access_key":"s",)"
                             R"("aws_session_token":"t","aws_region":"eu-west-1"})";
  CHECK(get_request(source + "," + version + amazon).source.image->ecr);
}

TEST_CASE("a login for one step does not mix with parts of the source's at Amazon") {
  const std::string ours =
      R"("source":{"repository":"app","aws_region":"r","AWS_session_token":"old",
      "aws_access_key_id":"a","aws_secret_access_key":"s","aws_role_arns":["x"],
      "aws_account_id":"111111111111"})";
  const auto ecr = *get_request(ours + "," + version + R"(,"params":{"aws_access_key_id":"b",
      "aws_secret_access_key":"t","aws_role_arn":"y","aws_ecr_registry_id":"222222222222"})")
                        .source.image->ecr;
  CHECK(ecr.keys->access_key_id == "b");
  CHECK(ecr.keys->session_token.empty());
  CHECK(ecr.role_arns == std::vector<std::string>{"y"});
  CHECK(ecr.account_id == "222222222222");
}

TEST_CASE("a login for one step that nothing would use is refused") {
  CHECK(message_of([] { put_request(source + R"(,"params":{"git":{"password":"p"}})"); }) ==
        "params.git is a login at a git server: source has no git");
  CHECK(message_of([] { put_request(git_only + R"(,"params":{"git":{"uri":"p"}})"); }) ==
        "unknown key params.git.uri");
  CHECK(contains(message_of([] { put_request(git_only + R"(,"params":{"password":"p"})"); }),
                 "params.password is a login for a registry"));
}
