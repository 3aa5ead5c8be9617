#include "resource/source.hpp"
#include "resource/support/requests.hpp"
#include "support/catch.hpp"

namespace {

std::string with_mirror(const std::string& repository, const std::string& mirror,
                        const std::string& more = "") {
  return R"({"source":{"repository":")" + repository + R"(","registry_mirror":)" + mirror + more +
         "}}";
}

resource::ImageSource image_of(const std::string& request) {
  CapturedLog log;
  return *resource::parse_check_request(request, log).source.image;
}

std::string refusal(const std::string& request) {
  return message_of([&] { image_of(request); });
}

}  // namespace

TEST_CASE("a mirror serves images of Docker Hub under their whole name") {
  struct Case {
    const char* repository;
    const char* host;
    const char* name;
    const char* scheme;
  };
  for (const Case& row : std::vector<Case>{
           {"busybox", "mirror.test", "mirror.test/library/busybox", ""},
           {"team/app", "mirror.test:5000", "mirror.test:5000/team/app", ""},
           {"docker.io/busybox", "mirror", "mirror/library/busybox", ""},
           {"busybox", "https://mirror.test/", "mirror.test/library/busybox", "https"},
           {"busybox", "http://127.0.0.1:5000", "127.0.0.1:5000/library/busybox", "http"},
           {"busybox", "HTTPS://mirror.test/v2/", "mirror.test/library/busybox", "https"},
           {"busybox", "mirror.test/hub-proxy", "mirror.test/hub-proxy/library/busybox", ""},
           {"team/app", "https://m.test/a/b/", "m.test/a/b/team/app", "https"},
           {"busybox", "index.docker.io", "docker.io/library/busybox", ""},
       }) {
    CAPTURE(row.repository, row.host);
    const auto image =
        image_of(with_mirror(row.repository, std::string(R"({"host":")") + row.host + "\"}"));
    REQUIRE(image.mirror);
    CHECK(image.mirror->reference.name() == row.name);
    CHECK(image.mirror->options.scheme == row.scheme);
    CHECK(image.repository == row.repository);
    CHECK(image.reference.is_docker_hub());
  }
}

TEST_CASE("images of other registries, and sources without one, have no mirror") {
  CHECK_FALSE(image_of(with_mirror("registry.test/app", R"({"host":"mirror.test"})")).mirror);
  CHECK_FALSE(image_of(with_mirror("localhost:5000/app", R"({"host":"mirror.test"})")).mirror);
  for (const char* none : {"null", "{}"}) CHECK_FALSE(image_of(with_mirror("app", none)).mirror);
}

TEST_CASE("a mirror whose variables say nothing is none") {
  for (const char* none : {R"("")", R"({"host":""})", R"({"host":null,"insecure":false})",
                           R"({"host":"","username":"","password":""})"}) {
    CAPTURE(none);
    CHECK_FALSE(image_of(with_mirror("app", none)).mirror);
  }
  CHECK(refusal(with_mirror("app", R"({"host":"","username":"u","password":"p"})")) ==
        "source.registry_mirror.host is missing: the mirror's address");
  CHECK(refusal(with_mirror("app", R"("https://u:hunter2@mirror.test")")) ==
        "source.registry_mirror is a mapping; write registry_mirror: {host: the address}");
}

TEST_CASE("a mirror gets its own login, and never the origin's") {
  const std::string origin = R"(,"username":"joe","password":"hunter2","ca_certs":["one"],
      "insecure":true,"client_cert":"CERT","client_key":"KEY")";
  const auto bare = image_of(with_mirror("app", R"({"host":"m.test"})", origin));
  REQUIRE(bare.mirror);
  CHECK_FALSE(bare.mirror->options.credentials);
  CHECK(bare.mirror->options.http.client_cert.empty());
  CHECK(bare.mirror->options.http.client_key.empty());
  CHECK(bare.mirror->options.http.ca_certs == std::vector<std::string>{"one"});
  // An error about them names where they stand.
  CHECK(bare.mirror->options.http.place == "source.");
  CHECK(bare.mirror->options.insecure == registry::Insecure::yes);
  CHECK(bare.registry.http.client_cert.reveal() == "CERT");
  CHECK(bare.registry.http.client_key.reveal() == "KEY");

  const auto own = image_of(with_mirror("app", R"({"host":"m.test","username":"mary",
      "password":"secret","insecure":false,"ca_certs":"two","client_cert":"C","client_key":"K"})",
                                        origin));
  REQUIRE(own.mirror->options.credentials);
  CHECK(own.mirror->options.credentials->username == "mary");
  CHECK(own.mirror->options.credentials->password.reveal() == "secret");
  CHECK(own.mirror->options.http.client_key.reveal() == "K");
  CHECK(own.mirror->options.http.ca_certs == std::vector<std::string>{"two", "one"});
  CHECK(own.mirror->options.http.place == "source.registry_mirror.");
  CHECK(own.mirror->options.insecure == registry::Insecure::no);
  CHECK(own.registry.credentials->username == "joe");
}

TEST_CASE("mistakes in the access to registries are named") {
  CHECK(contains(refusal(with_mirror("app", R"({"username":"x"})")),
                 "source.registry_mirror.host is missing"));
  CHECK(contains(refusal(with_mirror("app", R"({"host":"ftp://m.test"})")), "neither http://"));
  CHECK(contains(refusal(with_mirror("app", R"({"host":"joe:hunter2@m.test"})")),
                 "a login does not belong in the address"));
  CHECK(contains(refusal(with_mirror("registry.test/app", R"({"host":"m.test/A B"})")),
                 "source.registry_mirror.host"));
  CHECK(contains(refusal(with_mirror("app", R"({"host":"m.test","username":"x"})")),
                 "set both source.registry_mirror.username and"));
  CHECK(contains(refusal(with_mirror("app", R"({"hots":"m.test"})")), "host"));
  CHECK(contains(refusal(R"({"source":{"repository":"app","client_cert":"CERT"}})"),
                 "set both source.client_cert and source.client_key"));
}

TEST_CASE("every key of Amazon's registry arrives") {
  const auto image = image_of(R"({"source":{"repository":"team/app","aws_access_key_id":"ID",
      "aws_secret_access_key":"hunter2","aws_session_token":"TOKEN","aws_region":"eu-west-1",
      "aws_role_arns":["one","two"],"aws_account_id":"000000000042","aws_endpoint":"https://vpc.test/"}})");
  REQUIRE(image.ecr);
  CHECK(image.ecr->keys->access_key_id == "ID");
  CHECK(image.ecr->keys->secret_access_key.reveal() == "hunter2");
  CHECK(image.ecr->keys->session_token.reveal() == "TOKEN");
  CHECK(image.ecr->region == "eu-west-1");
  CHECK(image.ecr->role_arns == std::vector<std::string>{"one", "two"});
  CHECK(image.ecr->account_id == "000000000042");
  CHECK(image.ecr->endpoint == "https://vpc.test/");

  const auto other = image_of(R"({"source":{"repository":"app","aws_region":"eu-west-1",
      "aws_role_arn":"one","aws_ecr_registry_id":"123456789012","registry_mirror":{"host":"m.test"}}})");
  CHECK_FALSE(other.ecr->keys);
  CHECK(other.ecr->role_arns == std::vector<std::string>{"one"});
  CHECK(other.ecr->account_id == "123456789012");
  CHECK_FALSE(other.mirror);
  CHECK_FALSE(image_of(R"({"source":{"repository":"app","aws_region":""}})").ecr);
}

TEST_CASE("mistakes in the access to Amazon's registry are named, without the keys") {
  const auto ecr = [](const std::string& members) {
    return refusal(R"({"source":{"repository":"app",)" + members + "}}");
  };
  CHECK(contains(ecr(R"("aws_access_key_id":"x")"), "source.aws_secret_access_key"));
  CHECK(contains(ecr(R"("aws_role_arn":"x")"), "source.aws_region is missing"));
  CHECK(contains(ecr(R"("aws_endpoint":"x")"), "source.aws_region is missing"));
  CHECK(contains(ecr(R"("aws_region":"r","aws_role_arn":"x","aws_role_arns":["y"])"), "not both"));
  CHECK(contains(ecr(R"("aws_region":"r","aws_account_id":"evil.test/")"), "12 digits"));
  CHECK(contains(ecr(R"("aws_region":"r","aws_account_id":12345678901)"), "12 digits"));
  CHECK(contains(refusal(R"({"source":{"repository":"evil.test/app","aws_region":"r"}})"),
                 "not a registry of Amazon's"));
}

TEST_CASE("every key of Microsoft's registry arrives") {
  const auto image = image_of(R"({"source":{"repository":"mine.azurecr.io/app","azure_acr":true,
      "azure_client_id":"C","azure_tenant_id":"T","azure_environment":"AzureChina"}})");
  REQUIRE(image.acr);
  CHECK(image.acr->identity.kind == registry::AzureIdentity::Kind::managed);
  CHECK(image.acr->identity.client_id == "C");
  CHECK(image.acr->identity.environment == "AzureChina");
  CHECK(image.acr->tenant_id == "T");
  CHECK_FALSE(image_of(R"({"source":{"repository":"app","azure_acr":false}})").acr);
  CHECK(contains(refusal(R"({"source":{"repository":"app","azure_acr":true}})"), "needs its host"));

  const auto workload = image_of(R"({"source":{"repository":"mine.azurecr.io/app",
      "azure_acr":true,"azure_auth_type":" Workload_Identity"}})");
  REQUIRE(workload.acr);
  CHECK(workload.acr->identity.kind == registry::AzureIdentity::Kind::workload);
  CHECK(contains(refusal(R"({"source":{"repository":"a.test/b","azure_auth_type":"password"}})"),
                 "source.azure_auth_type: password is neither"));
  CHECK(contains(refusal(R"({"source":{"repository":"a.test/b","azure_client_id":"C"}})"),
                 "source.azure_acr is missing"));
  CHECK_FALSE(image_of(R"({"source":{"repository":"a.test/b","azure_acr":false,
      "azure_client_id":"C"}})")
                  .acr);
}

TEST_CASE("a source that signs what it pushes can be taken over for get") {
  CapturedLog log;
  const std::string signing = R"("content_trust":{"server":"https://n.test","repository_key_id":"1",
      "repository_key":"-----BEGIN KEY-----\nabcdef\n","repository_passphrase":"hunter2",
      "tls_key":"secret tls key","tls_cert":"C","username":"u","password":"pass of notary",
      "scopes":"pull"})";
  resource::parse_get_request(R"({"source":{"repository":"app",)" + signing +
                                  R"(},"version":{"tag":"1","digest":"sha256:)" +
                                  std::string(64, 'a') + R"("}})",
                              log);
  CHECK(log.text().find("source.content_trust is not used") != std::string::npos);
  CHECK(log.text().find('\n') == log.text().size() - 1);
  for (const char* secret : {"abcdef", "hunter2", "secret tls key", "pass of notary"}) {
    log->info(secret);
    CHECK_FALSE(contains(log.text(), secret));
  }
  CHECK(contains(refusal(R"({"source":{"repository":"app","content_trust":{"servr":""}}})"),
                 "content_trust.servr"));
}
