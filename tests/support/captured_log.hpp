#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

#include "base/handle.hpp"
#include "base/log.hpp"

/// A log without colour whose lines can be read.
class CapturedLog {
 public:
  CapturedLog() : fd_(::memfd_create("log", MFD_CLOEXEC)), log_(fd_.get(), base::Log::Colour::no) {
    if (!fd_) throw std::runtime_error("memfd_create failed");
  }

  operator base::Log&() { return log_; }
  base::Log* operator->() { return &log_; }

  /// All lines so far.
  std::string text() const {
    std::string all(1024 * 1024, '\0');
    const ssize_t count = ::pread(fd_.get(), all.data(), all.size(), 0);
    all.resize(count > 0 ? static_cast<size_t>(count) : 0);
    return all;
  }

 private:
  base::UniqueFd fd_;
  base::Log log_;
};
