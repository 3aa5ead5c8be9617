#include "lfs/batch.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using lfs::Operation;

namespace {

const http::Url server = http::Url::parse("https://host.example/a.git/info/lfs/objects/batch");
const std::string oid(64, 'a');

auto answers_of(const std::string& objects, Operation operation = Operation::upload) {
  return lfs::parse_batch(R"({"transfer":"basic","objects":[)" + objects + "]}", operation, server);
}

}  // namespace

TEST_CASE("a batch request says what the protocol asks for") {
  const std::string text =
      lfs::encode_batch(Operation::upload, "refs/heads/a\"b", {{oid, 7, "opt/x"}});
  const auto document = base::JsonDocument::parse(text, "request");
  const auto root = document.root();
  CHECK(root.at("operation").string() == "upload");
  CHECK(root.at("transfers").strings() == std::vector<std::string>{"basic"});
  CHECK(root.at("hash_algo").string() == "sha256");
  CHECK(root.at("ref").at("name").string() == "refs/heads/a\"b");
  const auto objects = root.at("objects").items();
  REQUIRE(objects.size() == 1);
  CHECK(objects[0].at("oid").string() == oid);
  CHECK(objects[0].at("size").integer() == 7);
  CHECK(text.find("opt/x") == std::string::npos);
}

TEST_CASE("an answer tells what is to be sent where") {
  const auto answers =
      answers_of(R"({"oid":")" + oid + R"(","size":7,"authenticated":true,"actions":{
          "upload":{"href":"https://s3.example/x?sig=1","header":{"Authorization":"Basic x"},
                    "expires_in":60},
          "verify":{"href":"../verify"}}})");
  const lfs::Answer& answer = answers.at(oid);
  REQUIRE(answer.transfer);
  CHECK(answer.transfer->url.text() == "https://s3.example/x?sig=1");
  REQUIRE(answer.transfer->headers.size() == 1);
  CHECK(answer.transfer->headers[0].first == "Authorization");
  CHECK(answer.transfer->headers[0].second.reveal() == "Basic x");
  CHECK(answer.transfer->expires_in == std::chrono::seconds(60));
  REQUIRE(answer.verify);
  CHECK(answer.verify->url.text() == "https://host.example/a.git/info/lfs/verify");
  CHECK_FALSE(answer.verify->expires_in);
  CHECK(answer.authenticated);
}

TEST_CASE("an action says when it ends in seconds or as a moment") {
  const auto expiry_of = [](const std::string& members) {
    const std::string action = R"({"href":"/x",)" + members + "}";
    return answers_of(R"({"oid":")" + oid + R"(","actions":{"upload":)" + action + "}}")
        .at(oid)
        .transfer->expires_in;
  };
  const auto day = std::chrono::hours(24);
  CHECK(expiry_of(R"("expires_at":"2001-09-09T01:46:40Z")") < std::chrono::seconds(5));
  CHECK(expiry_of(R"("expires_at":"2901-09-09T03:46:40.5+02:00")") > day);
  CHECK(expiry_of(R"("expires_in":60,"expires_at":"2001-09-09T01:46:40Z")") ==
        std::chrono::seconds(60));
  CHECK(expiry_of(R"("expires_in":0,"expires_at":"2901-09-09T01:46:40Z")") > day);
  for (const char* none :
       {R"("expires_at":"0001-01-01T00:00:00Z")", R"("expires_at":null)", R"("expires_at":"soon")",
        R"("expires_at":7)", R"("expires_in":0)", R"("size":1)"}) {
    INFO(none);
    CHECK_FALSE(expiry_of(none));
  }
}

TEST_CASE("no action means that the server has the object") {
  CHECK_FALSE(answers_of(R"({"oid":")" + oid + R"(","size":7})").at(oid).transfer);
  CHECK_FALSE(answers_of(R"({"oid":")" + oid + R"(","actions":{}})").at(oid).transfer);
}

TEST_CASE("an object is not taken for sent where a server speaks the first draft") {
  const auto links = answers_of(R"({"oid":")" + oid + R"(","_links":{"upload":{"href":"/x"}}})");
  REQUIRE(links.at(oid).transfer);
  CHECK(links.at(oid).transfer->url.text() == "https://host.example/x");
  const auto negative = answers_of(R"({"oid":")" + oid + R"(","size":-1})");
  CHECK(negative.at(oid).error_code != 0);
  CHECK(contains(negative.at(oid).error, "negative"));
}

TEST_CASE("an error of one object is kept apart and printable") {
  const lfs::Answer answer =
      answers_of(R"({"oid":")" + oid + R"(","error":{"code":422,"message":"no\u001b[0m"}})")
          .at(oid);
  CHECK(answer.error_code == 422);
  CHECK(answer.error == "no\\x1b[0m");
  const std::string endless = R"({"oid":")" + oid + R"(","error":{"code":422,"message":")" +
                              std::string(100'000, 'n') + R"("}})";
  CHECK(answers_of(endless).at(oid).error.size() < 2000);
  CHECK(answers_of(R"({"oid":")" + oid + R"(","error":{"message":"no"}})").at(oid).error_code != 0);
}

TEST_CASE("what no LFS server answers is refused, and no header field breaks a request") {
  for (const char* objects :
       {"1", R"({"size":1})", R"({"oid":1})", R"({"oid":"a","actions":[]})",
        R"({"oid":"a","actions":{"upload":{}}})", R"({"oid":"a","actions":{"upload":{"href":3}}})",
        R"({"oid":"a","actions":{"upload":{"href":"ftp://x/y"}}})",
        R"({"oid":"a","actions":{"upload":{"href":"http://host.example/y"}}})",
        R"({"oid":"a","actions":{"upload":{"href":"https://x/","header":{"a":"b\r\nc: d"}}}})",
        R"({"oid":"a","actions":{"upload":{"href":"https://x/","header":{"a b":"c"}}}})",
        R"({"oid":"a","actions":{"upload":{"href":"https://x/","header":{"":"c"}}}})",
        R"({"oid":"a","error":1})"}) {
    INFO(objects);
    CHECK_THROWS_AS(answers_of(objects), base::Error);
  }
  const auto refuses = [](const std::string& text) {
    return message_of([&] { lfs::parse_batch(text, Operation::download, server); });
  };
  CHECK(contains(refuses(R"({"transfer":"tus","objects":[]})"), "tus"));
  CHECK(contains(refuses(R"({"hash_algo":"md5","objects":[]})"), "md5"));
  CHECK(contains(refuses("<html>"), "answer"));
}

TEST_CASE("endless header fields are refused before each of them is hidden") {
  const auto with_fields = [](int count) {
    std::string fields;
    for (int i = 0; i < count; ++i) {
      fields += (i == 0 ? "" : ",") + ("\"x-" + std::to_string(i) + "\":\"secret\"");
    }
    return R"({"header":{)" + fields + "}}";
  };
  CHECK(lfs::parse_ssh_answer(with_fields(100)).headers.size() == 100);
  CHECK(contains(message_of([&] { lfs::parse_ssh_answer(with_fields(101)); }), "header fields"));
}

TEST_CASE("git-lfs-authenticate may leave out everything") {
  const auto answer = lfs::parse_ssh_answer(
      R"({"href":"https://host/x","header":{"Authorization":"RemoteAuth y"},"expires_in":-5})");
  CHECK(answer.href == "https://host/x");
  CHECK(answer.headers.size() == 1);
  REQUIRE(answer.expires_in);
  CHECK(*answer.expires_in < std::chrono::seconds(0));
  CHECK(lfs::parse_ssh_answer("{}").href.empty());
}
