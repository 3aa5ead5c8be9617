#pragma once
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/stream.hpp"

namespace resource {

/// Tells the log how far a download is.
class ProgressSource : public base::ByteSource {
 public:
  ProgressSource(std::unique_ptr<base::ByteSource> source, std::string name, uint64_t size,
                 base::Log& log)
      : source_(std::move(source)), name_(std::move(name)), size_(size), log_(log) {}
  size_t read(std::span<char> buffer) override;

 private:
  std::unique_ptr<base::ByteSource> source_;
  std::string name_;
  uint64_t size_;
  uint64_t done_ = 0;
  base::Log& log_;
};

}  // namespace resource
