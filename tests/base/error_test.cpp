#include "base/error.hpp"

#include <cerrno>

#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

class Special : public base::Error {
 public:
  explicit Special(int code) : base::Error("special"), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

}  // namespace

TEST_CASE("context does not cost an error its type") {
  int code = 0;
  std::string message;
  try {
    base::with_context("outer", [] { base::with_context("inner", [] { throw Special(42); }); });
  } catch (const Special& error) {
    code = error.code();
    message = error.what();
  }
  CHECK(code == 42);
  CHECK(message == "outer: inner: special");
}

TEST_CASE("context hands on what the action returns, references too") {
  int value = 1;
  base::with_context("doing", [&]() -> int& { return value; }) = 2;
  CHECK(value == 2);
  CHECK(base::with_context("doing", [] { return std::string("text"); }) == "text");
}

TEST_CASE("context leaves other exceptions alone") {
  CHECK_THROWS_AS(base::with_context("doing", [] { throw 7; }), int);
}

TEST_CASE("a failed system call says what was being done and why it failed") {
  CHECK(message_of([] { base::throw_errno("open x", ENOENT); }) ==
        "open x: No such file or directory");
  CHECK(message_of([] {
          errno = EACCES;
          base::throw_errno("open y");
        }) == "open y: Permission denied");
}
