#include "base/text.hpp"
#include "http/support/client_fixture.hpp"
#include "support/catch.hpp"

namespace {

/// The Authorization field of Amazon's example user for a fixed moment.
std::string sign(const std::string& session_token) {
  std::string authorization;
  LoopbackServer server([&](Exchange& exchange) {
    authorization = exchange.header("authorization");
    exchange.reply(200, {}, exchange.body());
  });
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.headers = {"Host: api.ecr.us-east-1.amazonaws.com", "X-Amz-Date: 20250102T030405Z",
                     "Content-Type: application/x-amz-json-1.1",
                     "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"};
  if (!session_token.empty()) {
    request.headers.push_back(base::cat("X-Amz-Security-Token: ", session_token));
  }
  request.content = base::Secret("{}");
  request.signature = http::AwsSignature{"us-east-1", "ecr", "AKIDEXAMPLE",
                                         base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
  ClientFixture fixture;
  http::Response response = fixture.client.send(request);
  CHECK(ClientFixture::text(response) == "{}");
  return authorization;
}

}  // namespace

// The signatures were computed apart from this program, step by step after Amazon's description.
TEST_CASE("a request is signed as Amazon's services expect it") {
  const std::string plain = sign("");
  CAPTURE(plain);
  CHECK(plain.find("Credential=AKIDEXAMPLE/20250102/us-east-1/ecr/aws4_request") !=
        std::string::npos);
  CHECK(plain.find("SignedHeaders=content-type;host;x-amz-date;x-amz-target") != std::string::npos);
  CHECK(plain.ends_with(
      "Signature=ab3eef07965ef33459538fe4d16dba414c636435b9a4450353c9aced79d78dc7"));
}

TEST_CASE("a session token is signed with the rest") {
  const std::string with_token = sign("SESSIONTOKENEXAMPLE");
  CHECK(with_token.find("x-amz-security-token") != std::string::npos);
  CHECK(with_token.ends_with(
      "Signature=7fb73ae43ba6ae7c2f259a8b232ab4cc78b7b730e100f3b9defb12400678b368"));
}
