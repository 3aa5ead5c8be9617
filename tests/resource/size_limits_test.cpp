#include "resource/size_limits.hpp"

#include "base/text.hpp"
#include "git/support/entries.hpp"
#include "resource/support/requests.hpp"
#include "support/catch.hpp"

namespace {

constexpr uint64_t mebibyte = 1024ULL * 1024;

uint64_t limit_of(const std::string& size) {
  return source_of(git_source(R"("max_file_size":)" + size)).git->limits.file;
}

resource::SizeLimits limits_at(const std::string& uri, const std::string& members = "") {
  return source_of(R"({"git":{"uri":")" + uri + "\"" + members + "}}").git->limits;
}

base::Entry sized(const std::string& path, uint64_t size) {
  base::Entry entry = file(path, "");
  entry.size = size;
  return entry;
}

std::string refusal_of(std::vector<base::Entry> entries, uint64_t limit) {
  ListedEntries listed(std::move(entries));
  const resource::LargeFiles large(resource::no_limit, "rootfs");
  resource::LimitedSource limited(listed, limit, large);
  return message_of([&] {
    base::Entry entry;
    while (limited.next(entry)) entry = base::Entry{};
  });
}

}  // namespace

TEST_CASE("a size is a number of bytes or says its unit") {
  CHECK(limit_of("1000") == 1000);
  CHECK(limit_of(R"("1000")") == 1000);
  CHECK(limit_of(R"("100MiB")") == 100 * mebibyte);
  CHECK(limit_of(R"(" 100 mib ")") == 100 * mebibyte);
  CHECK(limit_of(R"("95MB")") == 95'000'000);
  CHECK(limit_of(R"("2GiB")") == 2048 * mebibyte);
  CHECK(limit_of(R"("7kB")") == 7000);
  for (const char* none : {"0", R"("0")", R"("0MB")", "null", R"("")"}) {
    CHECK(limit_of(none) == resource::no_limit);
  }
}

TEST_CASE("what could mean several sizes is no size") {
  for (const char* wrong : {"-1", "1.5", "1e9", R"("100M")", R"("MiB")", R"("1.5GiB")",
                            R"("99999999999999999999")", R"("99999999TiB")", R"("5 apples")"}) {
    INFO(wrong);
    CHECK(contains(message_of([&] { limit_of(wrong); }), "source.git.max_file_size: "));
  }
}

TEST_CASE("the limits of a known host hold where nothing else is said") {
  for (const char* uri : {"https://github.com/me/app", "https://x@GitHub.com/me/app.git",
                          "git@github.com:me/app.git", "ssh://git@ssh.github.com:443/me/app"}) {
    INFO(uri);
    CHECK(limits_at(uri).file == 100 * mebibyte);
    CHECK(limits_at(uri).push == 2048 * mebibyte);
    CHECK(limits_at(uri, R"(,"max_file_size":0)").file == resource::no_limit);
    CHECK(limits_at(uri, R"(,"max_file_size":5)").file == 5);
  }
  for (const char* uri : {"https://github.com.test/me/app", "https://git.test/github.com",
                          "git@git.test:github.com", "file:///srv/github.com", "/github.com"}) {
    INFO(uri);
    CHECK(limits_at(uri).file == resource::no_limit);
    CHECK(limits_at(uri).push == resource::no_limit);
  }
}

TEST_CASE("only files over the limit are refused, the largest named first") {
  CHECK(refusal_of({sized("exact", 10)}, 10).empty());
  CHECK(refusal_of({sized("any", UINT64_MAX - 1)}, resource::no_limit).empty());
  const std::string one = refusal_of({sized("small", 1), sized("large", 11)}, 10);
  CHECK(contains(one, "a file of the image is larger"));
  CHECK(contains(one, "large (11 B);"));
  CHECK_FALSE(contains(one, "small"));
  std::vector<base::Entry> many;
  for (uint64_t i = 0; i < 1013; ++i) many.push_back(sized("f" + std::to_string(i), 100 + i));
  const std::string text = refusal_of(std::move(many), 10);
  CHECK(contains(text, ": f1012 (1.1 kB), f1011 "));
  CHECK(contains(text, "f1003 (1.1 kB) and 1,003 more;"));
  CHECK_FALSE(contains(text, "f1002"));
}

TEST_CASE("the name of a large file cannot garble the error") {
  CHECK(contains(refusal_of({sized("a\nb\x1b", 11)}, 10), "a\\x0ab\\x1b (11 B)"));
  CHECK(refusal_of({sized(std::string(4000, 'n'), 11)}, 10).size() < 700);
}

TEST_CASE("limits of an image are read as counts and sizes, the others stay") {
  const auto limits_of = [](const std::string& members) {
    return source_of(R"({"repository":"a/b","limits":{)" + members + "}}").limits;
  };
  const rootfs::Limits set =
      limits_of(R"("entries":20,"bytes":"5MiB","depth":"7","ratio":0,"metadata":1000)");
  CHECK(set.entries == 20);
  CHECK(set.bytes == 5 * mebibyte);
  CHECK(set.depth == 7);
  CHECK(set.ratio == rootfs::unlimited);
  CHECK(set.metadata == 1000);
  const rootfs::Limits some = limits_of(R"("entries":null,"bytes":0)");
  CHECK(some.entries == rootfs::Limits{}.entries);
  CHECK(some.bytes == rootfs::unlimited);
  for (const char* wrong : {"-1", "1.5", "\"10k\"", "\"99999999999999999999\"", "true"}) {
    CHECK(contains(message_of([&] { limits_of(base::cat(R"("entries":)", wrong)); }),
                   "source.limits.entries: "));
  }
  CHECK(contains(message_of([&] { limits_of(R"("entires":1)"); }), "entries"));
}
