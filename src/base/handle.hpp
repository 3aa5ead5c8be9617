#pragma once
#include <unistd.h>
#include <memory>
#include <utility>

namespace base {

/// Calls the C function `release`; stateless, so that a Handle is as small as a pointer.
template <auto release>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const noexcept {
    release(pointer);
  }
};

/// Owns an object of a C library.
template <class T, auto release>
using Handle = std::unique_ptr<T, Deleter<release>>;

/// Passes a smart pointer to a C function that fills a `T**`; the pointer is set at the end of the
/// full expression.
template <class Pointer>
class Out {
 public:
  explicit Out(Pointer& target) : target_(target) {}
  ~Out() { target_.reset(raw_); }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  operator typename Pointer::element_type **() { return &raw_; }

 private:
  Pointer& target_;
  typename Pointer::element_type* raw_ = nullptr;
};

/// Owns a file descriptor; -1 means none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace base
