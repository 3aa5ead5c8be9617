#include "base/stream.hpp"

#include <array>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/trickle.hpp"

TEST_CASE("a memory source gives its bytes once and then stays at the end") {
  base::MemorySource source("abcde");
  std::array<char, 3> buffer{};
  CHECK(source.read(buffer) == 3);
  CHECK(std::string(buffer.data(), 3) == "abc");
  CHECK(source.read(buffer) == 2);
  CHECK(std::string(buffer.data(), 2) == "de");
  CHECK(source.read(buffer) == 0);
  CHECK(source.read(buffer) == 0);
}

TEST_CASE("bytes that were sniffed are not lost") {
  base::PrefixedSource source("head", std::make_unique<Trickle>("tail", 1));
  CHECK(base::read_all(source, 100, "it") == "headtail");
  base::PrefixedSource empty("", std::make_unique<base::MemorySource>("tail"));
  CHECK(base::read_all(empty, 100, "it") == "tail");
}

TEST_CASE("an endless body does not fill the memory") {
  Trickle fits(std::string(1000, 'x'), 7);
  CHECK(base::read_all(fits, 1000, "the body").size() == 1000);
  Trickle over(std::string(1001, 'x'), 7);
  CHECK(message_of([&] { base::read_all(over, 1000, "the body"); }) ==
        "the body is larger than the limit of 1.0 kB");
  base::MemorySource at_once(std::string(50'000, 'x'));
  CHECK_THROWS_AS(base::read_all(at_once, 10, "the body"), base::Error);
}

TEST_CASE("a short read is not taken for the end") {
  Trickle source("abcdefgh", 3);
  std::array<char, 7> buffer{};
  CHECK(base::read_full(source, buffer) == 7);
  CHECK(std::string(buffer.data(), 7) == "abcdefg");
  CHECK(base::read_full(source, buffer) == 1);
  CHECK(buffer[0] == 'h');
  CHECK(base::read_full(source, buffer) == 0);
}

TEST_CASE("draining leaves nothing behind") {
  Trickle source(std::string(200'000, 'x'), 999);
  base::drain(source);
  std::array<char, 1> buffer{};
  CHECK(source.read(buffer) == 0);
}
