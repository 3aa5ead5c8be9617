#include <algorithm>
#include <string>

#include "git/known_hosts.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

const std::string ed25519 =
    "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIOid3V1i+lvFVb6Ra+EARPVKTcfF2Z0JX+ZP3rCEOp7J";
const std::string ecdsa =
    "ecdsa-sha2-nistp256 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEc1JKtxGwgxL0HubIfdunY5"
    "ShKVbM4jHSOzwaAd5B9K+/eY/BFQ2p8AOJsPXZne/oFKtVbRXYNuiMoYXtbf5eQ=";
const std::string rsa =
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAAAgQC0SymMP4+Bx/sWeQ47twhb4VcL4+190aMxjqKjFqYRvSd/"
    "p7plG2BROdk90bEXNmGwrJ3NEVImOxC/oGFRAsYc+rfHi/Kn3VOsqVO78srJ8NMDQi2fWdpT8aXu"
    "7sKEc+l4oLZMHx+/vrLIfZIqy28/AVTf04BAHnfEBCOmI2h9OQ==";

}  // namespace

TEST_CASE("lines of known_hosts are kept for hosts whose names the library refuses") {
  const auto lines = [](const std::string& text) {
    return git::known_hosts_lines(text, "git_1.test", 2222, "other.invalid");
  };
  CHECK(lines("git_1.test " + ed25519 + "\r\n") == "other.invalid " + ed25519 + "\n");
  std::string with_tabs = "[GIT_1.test]:2222,x,!git_1.test " + ecdsa + " git_1.test";
  std::replace(with_tabs.begin(), with_tabs.end(), ' ', '\t');
  CHECK(lines(with_tabs) == "[other.invalid]:2222,x,!other.invalid " + ecdsa + " git_1.test\n");
  const std::string others = "x.git_1.test " + ed25519 + "\n*.test " + ecdsa + "\n";
  CHECK(lines("\n" + others + "\n") == others);
  CHECK(lines("@revoked git_1.test ssh-rsa A") == "@revoked git_1.test ssh-rsa A\n");
}

TEST_CASE("a host that a line of known_hosts excludes is not one of its hosts") {
  const auto is_kept = [](const std::string& patterns, unsigned port) {
    return !git::known_hosts_lines(patterns + " " + ed25519, "Git.test", port, "Git.test").empty();
  };
  for (const char* patterns :
       {"git.test,!git.test", "!git.test,*", "*,!g?t.*", "!*", "!GIT.TEST,*"}) {
    INFO(patterns);
    CHECK_FALSE(is_kept(patterns, 22));
    CHECK(is_kept(patterns, 2222) == !contains(patterns, "!*"));
  }
  CHECK_FALSE(is_kept("[*]:2222,![git.test]:2222", 2222));
  CHECK(is_kept("*,!other.test,!git.tes,!git.test.*,!?git.test,!*.git.test", 22));
}

TEST_CASE("a line of known_hosts that names a port is none for the host without a port") {
  const auto lines = [](const std::string& patterns) {
    return git::known_hosts_lines(patterns + " " + ed25519, "h", std::nullopt, "h");
  };
  for (const char* patterns : {"[h]:22", "[*]:22", "[h]:*,[h]:2?"}) {
    INFO(patterns);
    CHECK(lines(patterns).empty());
  }
  CHECK(lines("[h]:22,h,x") == "h,x " + ed25519 + "\n");
  CHECK(lines("*,!h").empty());
  CHECK_FALSE(lines("*,![h]:22").empty());
}

TEST_CASE("a key in known_hosts that cannot be read does not hide the others") {
  const std::string readable = "h " + ecdsa + "\nh  " + ed25519 + " a comment\nh " + rsa + "\n";
  const std::string encoded = ed25519.substr(ed25519.find(' ') + 1);
  std::string others = "h\nh ssh-dss AAAA\nh ssh-new@example.test AAAA\nh 2048 35 1234\n";
  others += "h ecdsa-sha2-nistp256-cert-v01@openssh.com " + encoded + "\n";
  others += "h ssh-rsa\nh ssh-ed25519 AAAA\nh ssh-rsa " + encoded + "\n";
  for (const std::string& key : {ed25519, ecdsa, rsa}) {
    others += "h " + key.substr(0, key.size() / 2) + "\n";
    others += "h " + key.substr(0, key.size() - 9) + "!" + key.substr(key.size() - 8) + "\n";
  }
  CHECK(git::known_hosts_lines(others + readable, "h", 22, "h") == readable);
}
