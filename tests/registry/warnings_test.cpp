#include "registry/warnings.hpp"

#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"

using base::cat;

namespace {

/// What is logged when answers come with these Warning fields, one answer each.
std::string logged(const std::vector<std::string>& fields) {
  CapturedLog log;
  registry::Warnings warnings("registry.test", log);
  for (const std::string& field : fields) {
    http::Headers headers;
    headers.add("warning", field);
    warnings.note(headers);
  }
  return log.text();
}

}  // namespace

TEST_CASE("what a registry has to say is logged once") {
  const std::string moving = R"(299 - "we are moving")";
  CHECK(logged({moving, moving, moving}) == "warning: registry.test says: we are moving\n");
  CHECK(logged({moving + R"( , 299 - "a \"quoted\" \\ word")"}) ==
        "warning: registry.test says: we are moving\n"
        "warning: registry.test says: a \"quoted\" \\ word\n");
}

TEST_CASE("what is no warning for people is not logged") {
  for (const char* field :
       {"", "299", "299 -", "299 - ", "299 - bare", R"(299 - "open)", "299 - \"open\\",
        R"(299 - "")", R"(110 - "stale")", R"(299 host "agent")", R"(2990 - "x")"}) {
    CAPTURE(field);
    CHECK(logged({field}).empty());
  }
}

TEST_CASE("a registry cannot fill the log or write on the terminal") {
  std::vector<std::string> fields;
  for (int i = 0; i < 100; ++i) fields.push_back(cat("299 - \"", i, "\""));
  const std::string text = logged(fields);
  CHECK(std::count(text.begin(), text.end(), '\n') == 10);
  CHECK(logged({cat("299 - \"", std::string(100'000, 'x'), "\"")}).size() < 600);
  CHECK(logged({"299 - \"\x1b[2J\""}).find('\x1b') == std::string::npos);
}

TEST_CASE("a registry's warning is passed on, a store's behind a redirect is not") {
  LoopbackServer store([](Exchange& exchange) {
    exchange.reply(200, {R"(Warning: 299 - "from the store")"}, "the bytes of a layer");
  });
  CapturedLog log;
  FakeRegistry fake([&](Exchange& exchange) {
    const std::string warning = R"(Warning: 299 - "from the registry")";
    if (exchange.target == "/v2/") {
      exchange.reply(200, {warning});
    } else {
      exchange.reply(307, {warning, cat("Location: ", store.url("/layer"))});
    }
    return true;
  });
  const std::string content = "the bytes of a layer";
  const oci::Descriptor layer{"", oci::Digest::of(content), content.size(), {}, "", {}, {}};
  registry::Client client(fake.reference(), {}, log);
  CHECK(base::read_all(*client.open_blob(layer), 1000, "layer") == content);
  CHECK(log.text() == cat("warning: ", fake.server().host(), " says: from the registry\n"));
}
