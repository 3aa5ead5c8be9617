#include "git/pkt_line.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "git/advertisement.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using git::flush_pkt;
using git::pkt_line;

namespace {

git::Advertisement advertised(const std::string& bytes) {
  base::MemorySource source(bytes);
  return git::read_advertisement(source);
}

const std::string id(40, 'a');

}  // namespace

TEST_CASE("an advertisement gives branches and capabilities, over HTTP and without") {
  const std::string refs = pkt_line(id + " HEAD" + std::string(1, '\0') +
                                    "filter agent=x symref=HEAD:refs/heads/main\n") +
                           pkt_line(id + " refs/heads/main\n") + std::string(flush_pkt);
  for (const std::string& text :
       {refs, pkt_line("# service=git-upload-pack\n") + std::string(flush_pkt) + refs}) {
    const auto advertisement = advertised(text);
    CHECK(advertisement.can("filter"));
    CHECK_FALSE(advertisement.can("shallow"));
    CHECK(advertisement.head == "refs/heads/main");
    CHECK(advertisement.find("refs/heads/main")->hex() == id);
    CHECK_FALSE(advertisement.find("refs/heads/other"));
  }
}

TEST_CASE("an empty repository has no branches") {
  const auto advertisement = advertised(
      pkt_line(std::string(40, '0') + " capabilities^{}" + std::string(1, '\0') + "report-status") +
      std::string(flush_pkt));
  CHECK(advertisement.refs.empty());
  CHECK(advertisement.can("report-status"));
}

TEST_CASE("answers that are no advertisement are errors a person understands") {
  const auto message = [](const std::string& bytes) {
    try {
      advertised(bytes);
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(message("") != "no error");
  CHECK(message("<html>").find("does not speak the git protocol") != std::string::npos);
  CHECK(message("0100abc").find("closed the connection early") != std::string::npos);
  CHECK(message(pkt_line("ERR no such repository\n")).find("no such repository") !=
        std::string::npos);
  CHECK(message(pkt_line(std::string(64, 'a') + " refs/heads/main" + std::string(1, '\0') +
                         "object-format=sha256"))
            .find("sha256") != std::string::npos);
}

TEST_CASE("what a server says in place of git's protocol is told to the end of the line") {
  const std::string words = "Please log in as the user git.";
  const std::string told = "does not speak the git protocol (it sent \"" + words + "\")";
  CHECK(contains(message_of([&] { advertised(words + "\r\n0000 and more"); }), told));
  CHECK(contains(message_of([&] { advertised(words); }), told));
  CHECK(message_of([&] { advertised(std::string(5000, 'z')); }).size() < 300);
  CHECK(contains(message_of([&] { advertised("Hm"); }), "(it sent \"Hm\")"));
  CHECK(contains(message_of([&] { advertised("no.\nx"); }), "(it sent \"no.\")"));
  CHECK(contains(message_of([&] { advertised("\r\nThis is locked.\r\n"); }),
                 "(it sent \"This is locked.\")"));
  CHECK(contains(message_of([&] { advertised("\nrefused"); }), "an empty line in place of"));
}

TEST_CASE("a line that is no ref is not passed over, as if its branch were absent") {
  const std::string name = " refs/heads/main\n";
  const std::string known = pkt_line("version 1\n") + pkt_line(id + name) +
                            pkt_line("shallow " + std::string(40, 'b') + "\n");
  CHECK(advertised(known + std::string(flush_pkt)).find("refs/heads/main")->hex() == id);
  for (const std::string& line :
       {"hello\n" + name, id.substr(1) + name, id + "\trefs/heads/main\n",
        std::string(40, 'g') + name, id + " ", std::string(64, 'a') + name}) {
    INFO(line);
    CHECK(contains(message_of([&] { advertised(known + pkt_line(line) + std::string(flush_pkt)); }),
                   "does not speak the git protocol"));
  }
}

TEST_CASE("side-band data is joined, progress handed on, a fatal line becomes the error") {
  std::string progress;
  const auto read = [&](const std::string& bytes) {
    base::MemorySource source(bytes);
    git::SideBandSource band(source, [&](std::string_view text) { progress += text; });
    return base::read_all(band, 1000, "band");
  };
  CHECK(read(pkt_line("\1ab") + pkt_line("\2going\n") + pkt_line("\1cd") +
             std::string(flush_pkt)) == "abcd");
  CHECK(progress == "going\n");
  // The zero byte is what git's upload-pack sends of its own text.
  for (const std::string& said : {std::string("disk full\n"), std::string("disk full\0", 10)}) {
    CHECK(message_of([&] { read(pkt_line("\3" + said)); }) == "the server said: disk full");
  }
}

TEST_CASE(
    "a server that gives up behind the start of its answer is quoted, and no end is made up") {
  const auto failure = [](const std::string& bytes) {
    base::MemorySource source(bytes);
    git::SideBandSource band(source, nullptr);
    return message_of([&] { base::read_all(band, 1000, "band"); });
  };
  CHECK(failure(pkt_line("\1ab") + pkt_line("ERR upload-pack: not our ref\n")) ==
        "the server said: upload-pack: not our ref");
  CHECK(failure(pkt_line("\1ab")) == "the server closed the connection early");
  CHECK(failure(pkt_line("\7x")) == "the server sent something else in place of a pack");
}

TEST_CASE("a list of refs without an end does not fill the memory") {
  /// Says branches, or refs that are none, for ever.
  class Endless : public base::ByteSource {
   public:
    explicit Endless(bool branches) : branches_(branches) {}
    size_t read(std::span<char> buffer) override {
      if (at_ == text_.size()) {
        text_.clear();
        at_ = 0;
        for (int i = 0; i < 20; ++i) text_ += line();
      }
      const size_t count = std::min(buffer.size(), text_.size() - at_);
      std::copy_n(text_.data() + at_, count, buffer.data());
      at_ += count;
      return count;
    }

   private:
    std::string line() {
      const std::string id(40, '1');
      if (branches_) return git::pkt_line(id + " refs/heads/" + std::to_string(number_++));
      return git::pkt_line(id + " refs/heads/" + std::string(60000, 'x') +
                           std::to_string(number_++));
    }

    bool branches_;
    uint64_t number_ = 0;
    std::string text_;
    size_t at_ = 0;
  };
  Endless source(GENERATE(true, false));
  REQUIRE_THROWS_AS(git::read_advertisement(source), base::Error);
}
