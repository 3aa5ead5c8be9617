#include "registry/tag_list.hpp"

#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/catch.hpp"

using base::cat;
using Lines = std::vector<std::string>;

namespace {

constexpr const char* list = "/v2/some/image/tags/list";

/// A registry that answers the first request for tags with `link` and any other with its own tag.
FakeRegistry::Override paged(std::string link) {
  return [link = std::move(link)](Exchange& exchange) {
    if (exchange.target == cat(list, "?n=1000")) {
      exchange.reply(200, {"Link: " + link}, R"({"name":"some/image","tags":["a","b"]})");
    } else if (contains(exchange.target, "list")) {
      exchange.reply(200, {}, R"({"name":"some/image","tags":["b","c"]})");
    } else {
      return false;
    }
    return true;
  };
}

FakeRegistry::Override answering(int status, std::string body) {
  return [status, body = std::move(body)](Exchange& exchange) {
    if (!contains(exchange.target, "list")) return false;
    exchange.reply(status, {"Content-Type: application/json"}, body);
    return true;
  };
}

/// The requests for tags among all.
Lines asked(FakeRegistry& fake) {
  Lines lines;
  for (const std::string& line : fake.server().lines()) {
    if (contains(line, "list")) lines.push_back(line);
  }
  return lines;
}

}  // namespace

TEST_CASE("a list without a link is whole") {
  FakeRegistry fake(answering(200, R"({"tags":["latest","1.0","0.9"]})"));
  CHECK(fake.client().tags() == Lines{"latest", "1.0", "0.9"});
  CHECK(asked(fake) == Lines{cat("GET ", list, "?n=1000")});
}

TEST_CASE("pages are followed exactly as the registry names them") {
  const auto [link, target] = GENERATE(table<std::string, std::string>({
      {"</v2/some/image/tags/list?last=b&n=2>; rel=\"next\"",
       "/v2/some/image/tags/list?last=b&n=2"},
      {"<list?next_page=a%2Fb%3D%3D>; rel=next", "/v2/some/image/tags/list?next_page=a%2Fb%3D%3D"},
      {"<?token=x,y;z>; title=\"a, b; rel=next\"; REL=\"last Next\"",
       "/v2/some/image/tags/list?token=x,y;z"},
      {"</first>; rel=\"first\", </other/list>; rel=\"next\"", "/other/list"},
  }));
  FakeRegistry fake(paged(link));
  CHECK(fake.client().tags() == Lines{"a", "b", "c"});
  CHECK(asked(fake) == Lines{cat("GET ", list, "?n=1000"), "GET " + target});
}

TEST_CASE("an absolute link to the registry itself is followed") {
  std::string host;
  FakeRegistry fake([&](Exchange& exchange) {
    return paged(cat("<http://", host, "/next/list?x>; rel=\"next\""))(exchange);
  });
  host = fake.server().host();
  CHECK(fake.client().tags() == Lines{"a", "b", "c"});
}

TEST_CASE("a link that leads off the registry is refused") {
  const std::string link = GENERATE("https://127.0.0.1/list", "http://127.0.0.1:1/list",
                                    "//registry.example/list", "ftp://127.0.0.1/list");
  FakeRegistry fake(paged("<" + link + ">; rel=\"next\""));
  CHECK(contains(message_of([&] { fake.client().tags(); }), "next page"));
  CHECK(asked(fake).size() == 1);
}

TEST_CASE("a registry that does not know its own address loses none of its tags") {
  const std::string link = GENERATE(
      "https://127.0.0.1/v2/some/image/tags/list", "http://registry.internal:5000/tags/list",
      "/repository/hub/v2/some/image/tags/list", "/v2/image/tags/list");
  FakeRegistry fake(paged(cat("<", link, "?last=b&n=2>; rel=\"next\"")));
  CHECK(fake.client().tags() == Lines{"a", "b", "c"});
  CHECK(asked(fake) == Lines{cat("GET ", list, "?n=1000"), cat("GET ", list, "?last=b&n=2")});
}

TEST_CASE("tags behind a full page without a link are not missed") {
  // How the list goes on: another page, none, a login page, the same again, or as if nobody had
  // asked.
  const std::string more = GENERATE("page", "refusal", "text", "same", "nothing");
  FakeRegistry fake([&](Exchange& exchange) {
    if (!contains(exchange.target, "list")) return false;
    const bool first = exchange.target == cat(list, "?n=1000");
    if (!first && more == "refusal") {
      exchange.reply(400, {}, "what is that?");
      return true;
    }
    if (!first && more == "text") {
      exchange.reply(200, {}, "<html>");
      return true;
    }
    std::string tags = first || more == "same" ? "\"t0\"" : more == "page" ? "\"z\"" : "";
    for (int i = 1; i < 1000 && (first || more == "same"); ++i) tags += cat(",\"t", i, "\"");
    exchange.reply(200, {}, cat(R"({"tags":[)", tags, "]}"));
    return true;
  });
  const Lines tags = fake.client().tags();
  CHECK(tags.size() == (more == "page" ? 1001 : 1000));
  CHECK(tags.back() == (more == "page" ? "z" : "t999"));
  CHECK(asked(fake) == Lines{cat("GET ", list, "?n=1000"), cat("GET ", list, "?n=1000&last=t999")});
}

TEST_CASE("tags that a registry keeps back are not passed over in silence") {
  // As a list that goes on behind a name that is none does, or one that somebody else may read.
  FakeRegistry fake([&](Exchange& exchange) {
    if (!contains(exchange.target, "list")) return false;
    std::string tags = "\"t0\"";
    for (int i = 1; i < 999; ++i) tags += cat(",\"t", i, "\"");
    const bool first = exchange.target == cat(list, "?n=1000");
    exchange.reply(first ? 200 : 403, {}, first ? cat(R"({"tags":[)", tags, ",null]}") : "no");
    return true;
  });
  CHECK_THROWS_AS(fake.client().tags(), registry::StatusError);
  CHECK(asked(fake).back() == cat("GET ", list, "?n=1000&last=t998"));
}

TEST_CASE("pages that go in a circle end") {
  FakeRegistry fake([](Exchange& exchange) {
    if (!contains(exchange.target, "list")) return false;
    const bool second = contains(exchange.target, "last=b");
    exchange.reply(200, {cat("Link: <", list, second ? "?last=a" : "?last=b", ">; rel=\"next\"")},
                   R"({"tags":["a"]})");
    return true;
  });
  CHECK(contains(message_of([&] { fake.client().tags(); }), "circle"));
  CHECK(asked(fake).size() == 3);
}

TEST_CASE("a mark of byte order does not hide a list") {
  FakeRegistry fake([](Exchange& exchange) {
    if (!contains(exchange.target, "list")) return false;
    exchange.reply(200, {}, "\xEF\xBB\xBF{\"tags\":[\"a\"]}");
    return true;
  });
  CHECK(fake.client().tags() == Lines{"a"});
}

TEST_CASE("links that are not for the next page are not followed") {
  const std::string link =
      GENERATE("</list>; rel=\"prev\"", "</list>", "</list>; title=\"rel=next\"", "rel=\"next\"",
               "</list; rel=\"next\"", "<", "");
  FakeRegistry fake(paged(link));
  CHECK(fake.client().tags() == Lines{"a", "b"});
}

TEST_CASE("a repository without tags and one that does not exist have none") {
  const auto [status, body] = GENERATE(table<int, std::string>({
      {200, R"({"name":"some/image","tags":null})"},
      {200, R"({"name":"some/image","tags":[]})"},
      {200, R"({"name":"some/image"})"},
      {404, R"({"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]})"},
      {404, R"({"errors":[{"code":"NOT_FOUND","message":"repository not found"}]})"},
  }));
  FakeRegistry fake(answering(status, body));
  CHECK(fake.client().tags().empty());
}

TEST_CASE("a server that has no lists is not taken for an empty repository") {
  const auto [status, body] = GENERATE(table<int, std::string>({
      {404, "404 page not found"},
      {404, R"({"errors":[]})"},
      {403, R"({"errors":[{"code":"DENIED","message":"go away"}]})"},
      {200, "<html>welcome</html>"},
      {200, R"({"tags":{"a":1}})"},
      {200, R"({"tags":[1]})"},
  }));
  FakeRegistry fake(answering(status, body));
  CHECK(contains(message_of([&] { fake.client().tags(); }), "some/image"));
}

TEST_CASE("a page in place of a list of tags is shown and not called bad JSON") {
  FakeRegistry fake(answering(200, "<html><title>Sign in</title>"));
  const std::string message = message_of([&] { fake.client().tags(); });
  CHECK(contains(message, "Sign in"));
  CHECK(contains(message, "proxy"));
}

TEST_CASE("names that cannot be tags never get into a request") {
  FakeRegistry fake(answering(200, R"({"tags":["ok","../../secret","a b","","-x","sha256:ab"]})"));
  CHECK(fake.client().tags() == Lines{"ok"});
}

TEST_CASE("a null among the names does not hide the others") {
  FakeRegistry fake(answering(200, R"({"tags":[null,"1.0"]})"));
  CHECK(fake.client().tags() == Lines{"1.0"});
}

TEST_CASE("the pages of a list are looked for where the registry redirects to") {
  const std::string link = GENERATE("absolute", "/elsewhere/list?last=b", "?last=b");
  std::string host;
  LoopbackServer store([&](Exchange& exchange) {
    if (contains(exchange.target, "last=b")) {
      exchange.reply(200, {}, R"({"tags":["c"]})");
      return;
    }
    const std::string next = link == "absolute" ? cat("http://", host, "/list?last=b") : link;
    exchange.reply(200, {cat("Link: <", next, ">; rel=next")}, R"({"tags":["a","b"]})");
  });
  host = store.host();
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.header("authorization").empty()) {
      exchange.reply(401, {"WWW-Authenticate: Basic realm=\"r\""});
      return true;
    }
    if (exchange.target == "/v2/") return false;
    exchange.reply(307, {cat("Location: ", store.url("/elsewhere/list"))});
    return true;
  });
  registry::Options options;
  options.credentials = registry::Credentials{"user", base::Secret("password")};
  CHECK(fake.client(options).tags() == Lines{"a", "b", "c"});
  CHECK(asked(fake).size() == 1);
  for (const auto& request : store.seen()) CHECK(request.headers.count("authorization") == 0);
}
