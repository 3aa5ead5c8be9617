#include "oci/digest.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

using oci::Digest;
using oci::VerifiedSource;

namespace {

/// Endless; counts what was taken.
class Endless : public base::ByteSource {
 public:
  explicit Endless(uint64_t& taken) : taken_(taken) {}
  size_t read(std::span<char> buffer) override {
    std::fill(buffer.begin(), buffer.end(), 'x');
    taken_ += buffer.size();
    return buffer.size();
  }

 private:
  uint64_t& taken_;
};

VerifiedSource verified(const std::string& bytes, const Digest& digest,
                        std::optional<uint64_t> size) {
  return {std::make_unique<base::MemorySource>(bytes), digest, size};
}

void read_through(VerifiedSource source) {
  base::drain(source);
}

}  // namespace

TEST_CASE("only well-formed digests exist, so one can be part of a path") {
  const std::string a64(64, 'a');
  CHECK(Digest::parse("sha256:" + a64).text() == "sha256:" + a64);
  CHECK(Digest::parse("sha256:" + a64).short_text() == "sha256:aaaaaaaaaaaa");
  CHECK(Digest::parse("sha512:" + a64 + a64).hex().size() == 128);
  for (const std::string& text :
       {std::string(), a64, "sha256:" + std::string(64, 'A'), "sha256:" + a64 + "a",
        "sha256:" + std::string(63, 'a'), "sha512:" + a64, "sha1:" + std::string(40, 'a'),
        "sha256:../../../../etc/passwd" + std::string(43, 'a'), "SHA256:" + a64}) {
    CAPTURE(text);
    CHECK_FALSE(Digest::try_parse(text));
    CHECK_THROWS_AS(Digest::parse(text), base::Error);
  }
}

TEST_CASE("content that matches passes unchanged") {
  const std::string bytes(100'000, 'b');
  const std::optional<uint64_t> size =
      GENERATE(std::optional<uint64_t>(100'000), std::optional<uint64_t>());
  VerifiedSource source = verified(bytes, Digest::of(bytes), size);
  CHECK(base::read_all(source, bytes.size(), "x") == bytes);
  char more = 0;
  CHECK(source.read({&more, 1}) == 0);
}

TEST_CASE("empty content is verified too") {
  CHECK_NOTHROW(read_through(verified("", Digest::of(""), 0)));
  CHECK_THROWS_AS(read_through(verified("", Digest::of("x"), 0)), base::Error);
}

TEST_CASE("wrong, short and long content is an error, also for a reader that tries again") {
  const std::string right = "right";
  const auto fails = [](VerifiedSource source) {
    for (int i = 0; i < 2; ++i) CHECK_THROWS_AS(base::drain(source), base::Error);
  };
  fails(verified("wrong", Digest::of(right), 5));
  fails(verified("wrong", Digest::of(right), std::nullopt));
  fails(verified("righ", Digest::of(right), 5));
  fails(verified("right!", Digest::of(right), 5));
  fails(verified("right", Digest::of(right), 6));
}

TEST_CASE("an endless body is not read beyond one byte more than its size") {
  uint64_t taken = 0;
  VerifiedSource source(std::make_unique<Endless>(taken), Digest::of("x"), 1000);
  CHECK_THROWS_AS(base::drain(source), base::Error);
  CHECK(taken == 1001);
}

TEST_CASE("sha512 digests are verified") {
  base::Hasher hasher(base::HashAlgorithm::sha512);
  hasher.update("bytes");
  const std::string hex = [&] {
    std::string out;
    for (const char c : hasher.finish()) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += digits[static_cast<unsigned char>(c) >> 4U];
      out += digits[static_cast<unsigned char>(c) & 15U];
    }
    return out;
  }();
  const Digest digest = Digest::parse("sha512:" + hex);
  CHECK_NOTHROW(read_through(verified("bytes", digest, 5)));
  CHECK_THROWS_AS(read_through(verified("bytex", digest, 5)), base::Error);
}
