#include "resource/support/requests.hpp"
#include "support/catch.hpp"

namespace {

const std::string source = R"("source":{"repository":"app","git":{"uri":"/srv/app.git"}})";

std::string refusal_of_get(const std::string& params) {
  CapturedLog log;
  return message_of([&] {
    resource::parse_get_request(
        "{" + source + R"(,"version":{"tag":"1","digest":"d"},"params":{)" + params + "}}", log);
  });
}

std::string refusal_of_put(const std::string& params) {
  CapturedLog log;
  return message_of(
      [&] { resource::parse_put_request("{" + source + R"(,"params":{)" + params + "}}", log); });
}

}  // namespace

TEST_CASE("who comes from docker-image is told what its keys are called here") {
  CHECK(refusal_of(image_source(R"("insecure_registries":["10.0.0.1:5000"])")) ==
        "source.insecure_registries is not known; write insecure: true");
  CHECK(refusal_of(image_source(R"("client_certs":[{"domain":"d","cert":"c","key":"k"}])")) ==
        "source.client_certs is not known; write client_cert and client_key, each the PEM text "
        "itself");
  CHECK(refusal_of(image_source(R"("Digest":"sha256:1")")) ==
        "source.Digest is not known; leave it out: version, beside source or in a get step, pins "
        "an image");
  CHECK(refusal_of(image_source(R"("ca_certs":["PEM",{"domain":"d","cert":"PEM"}])")) ==
        "source.ca_certs[1]: write the PEM text itself, without domain and cert");
  CHECK(refusal_of_get(R"("save":true)") ==
        "params.save is not known; write format: oci, which leaves image.tar");
  CHECK(refusal_of_get(R"("rootfs":true)") ==
        "params.rootfs is not known; leave it out for the directory rootfs/, or write format: "
        "rootfs-tar");
  CHECK(refusal_of_put(R"("build":"src","cache":true)") ==
        "params.build is not known; put builds nothing: build in a task, such as oci-build-task, "
        "and name its output in params.image");
  CHECK(refusal_of_put(R"("load_file":"image/image")") ==
        "params.load_file is not known; name the file in params.image");
}

TEST_CASE("who comes from registry-image is told that put pushes no tags") {
  for (const char* key : {"version", "bump_aliases", "additional_tags", "tag_prefix"}) {
    CHECK(refusal_of_put(R"("image":"image/image.tar",")" + std::string(key) + R"(":"x")") ==
          "params." + std::string(key) +
              " is not known; leave it out: put pushes no tags to a registry, it publishes to "
              "source.git.branch");
  }
}

TEST_CASE("who comes from git is told which keys are of the git type only") {
  const std::string expected =
      " is not known; leave it out: it means something to the git type only";
  CHECK(refusal_of(git_source(R"("git_config":[])")) == "source.git.git_config" + expected);
  for (const std::string key :
       {"depth", "all_branches", "fetch", "timestamp_format", "describe_ref_options"}) {
    CHECK(refusal_of_get("\"" + key + "\":1") == "params." + key + expected);
  }
  for (const std::string key : {"annotate", "only_tag", "refs_prefix", "notes", "rebase_strategy",
                                "rebase_strategy_option", "returning"}) {
    CHECK(contains(refusal_of_put("\"image\":\"x\",\"" + key + "\":\"x\""),
                   "params." + key + " is not known; leave it out: "));
  }
  CHECK(refusal_of(git_source(R"("push_options":["ci.skip"])")) ==
        "source.git.push_options is not known; write it in the params of the put step");
  CHECK(refusal_of_put(R"("image":"x","branch":"next")") ==
        "params.branch is not known; write it as source.git.branch");
  CHECK(refusal_of(git_source(R"("github_app_private_key":"secret")")) ==
        "source.git.github_app_private_key is not known; make a token of the app in a task, and "
        "write username: x-access-token and the token as password");
  CHECK(refusal_of_put(R"("repository":"image")") ==
        "params.repository is not known; name the get step or output in params.image");
}
