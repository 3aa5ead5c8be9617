#include "base/timestamp.hpp"
#include "fuzz/support/fuzz.hpp"
#include "oci/constraint.hpp"

namespace {

using fuzz::require;
using oci::Semver;

void compare(const std::vector<Semver>& versions) {
  for (const Semver& a : versions) {
    require(a == a && !(a < a), "a version is what it is");
    for (const Semver& b : versions) {
      require((a < b) == (b > a) && (a == b) == (b == a), "an order has two sides");
      for (const Semver& c : versions) {
        require(!(a < b && b < c) || a < c, "an order is transitive");
      }
    }
  }
}

}  // namespace

// A line with a constraint, then tags or moments.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto lines = base::split(fuzz::text_of(data, size), '\n');
  std::vector<Semver> versions;
  for (const std::string_view line : lines) {
    if (const auto moment = base::Timestamp::parse(line)) {
      require(moment->nanoseconds >= 0 && moment->nanoseconds < 1'000'000'000,
              "a fraction is less than a second");
    }
    const auto version = Semver::parse(line);
    if (version && versions.size() < 12) versions.push_back(*version);
  }
  compare(versions);
  fuzz::accepts([&] {
    const auto constraint = oci::Constraint::parse(lines.front());
    for (const Semver& version : versions) constraint.admits(version);
  });
  for (const std::string_view line : lines) {
    const auto version = Semver::parse(line);
    if (!version || line.find('+') != line.npos) continue;
    fuzz::accepts([&] {
      const std::string bound(line);
      // A missing number is a wildcard in a constraint and a zero in a version.
      require(oci::Constraint::parse(">=" + bound).admits(*version),
              "a version is at least itself");
      require(oci::Constraint::parse("=" + bound).admits(*version), "a version equals itself");
      require(!oci::Constraint::parse("<" + bound).admits(*version), "nothing precedes itself");
      require(!oci::Constraint::parse("!=" + bound).admits(*version),
              "nothing differs from itself");
    });
  }
  return 0;
}
