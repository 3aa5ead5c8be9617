#include "git/push_parts.hpp"

#include <set>

#include "git/support/large_image.hpp"
#include "support/catch.hpp"

namespace {

constexpr uint64_t limit = 60'000;

}  // namespace

TEST_CASE("a part is never larger than the limit and no tree comes before what it names") {
  git::Snapshot snapshot = large_image();
  snapshot.hash();
  const auto objects = snapshot.objects_outside({});
  const auto parts = git::split_objects(objects, limit);
  CHECK(parts.size() > 4);
  std::set<git::Oid> all;
  for (const auto& object : objects) all.insert(object.id);
  std::set<git::Oid> seen;
  for (const auto& part : parts) {
    uint64_t size = 0;
    for (const auto& object : part) {
      size += git::size_in_part(object);
      CHECK(seen.insert(object.id).second);
      if (object.type != git::ObjectType::tree) continue;
      for (const auto& entry : git::parse_tree(object.bytes)) CHECK(seen.contains(entry.id));
    }
    CHECK((size <= limit || part.size() == 1));
  }
  CHECK(seen == all);
}

TEST_CASE("an object that cannot be made smaller does not stop the others from being split") {
  git::Snapshot snapshot = large_image();
  snapshot.hash();
  const auto objects = snapshot.objects_outside({});
  CHECK(git::split_objects(objects, 1).size() == objects.size());
  CHECK(git::split_objects(objects, UINT64_MAX).size() == 1);
  CHECK(git::split_objects({}, limit).empty());
}
