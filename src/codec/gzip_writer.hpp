#pragma once
#include <memory>
#include <string_view>

#include "base/stream.hpp"

namespace codec {

/// Compresses what is written to it into one gzip member (RFC 1952), fast (ISA-L level 1). The same
/// bytes give the same result, in whatever pieces they come: the header has no name and no time.
class GzipWriter : public base::ByteSink {
 public:
  explicit GzipWriter(base::ByteSink& out);
  ~GzipWriter() override;
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void write(std::string_view bytes) override;
  /// Writes what is left and the checksum; nothing may follow.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace codec
