#include "base/handle.hpp"

#include <fcntl.h>

#include "support/catch.hpp"

namespace {

struct Thing {
  int* released;
};

void release_thing(Thing* thing) {
  ++*thing->released;
  delete thing;
}

using ThingHandle = base::Handle<Thing, release_thing>;

int make_thing(Thing** out, int* released) {
  *out = new Thing{released};
  return 0;
}

int fail_to_make(Thing** /*out*/) {
  return -1;
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

base::UniqueFd open_null() {
  return base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

TEST_CASE("a handle releases its object once and is as small as a pointer") {
  CHECK(sizeof(ThingHandle) == sizeof(Thing*));
  int released = 0;
  {
    ThingHandle handle;
    REQUIRE(make_thing(base::Out(handle), &released) == 0);
    REQUIRE(handle);
    ThingHandle other = std::move(handle);
    CHECK(released == 0);
  }
  CHECK(released == 1);
}

TEST_CASE("an out-parameter releases what the handle held before") {
  int released = 0;
  ThingHandle handle;
  make_thing(base::Out(handle), &released);
  make_thing(base::Out(handle), &released);
  CHECK(released == 1);
  CHECK(fail_to_make(base::Out(handle)) == -1);
  CHECK(released == 2);
  CHECK_FALSE(handle);
}

TEST_CASE("a descriptor is closed when its owner goes") {
  int number = -1;
  {
    const base::UniqueFd fd = open_null();
    number = fd.get();
    REQUIRE(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("a moved or released descriptor stays open") {
  base::UniqueFd first = open_null();
  const int number = first.get();
  base::UniqueFd second(std::move(first));
  CHECK_FALSE(first);
  CHECK(is_open(number));

  base::UniqueFd third = open_null();
  const int overwritten = third.get();
  third = std::move(second);
  CHECK_FALSE(is_open(overwritten));
  CHECK(third.get() == number);

  base::UniqueFd& same = third;
  third = std::move(same);
  CHECK(is_open(number));

  CHECK(third.release() == number);
  CHECK_FALSE(third);
  CHECK(is_open(number));
  ::close(number);
}

TEST_CASE("descriptor 0 counts as one, -1 as none") {
  base::UniqueFd zero(0);
  CHECK(zero);
  CHECK(zero.release() == 0);
  CHECK_FALSE(base::UniqueFd());
}
