#pragma once
#include <memory>
#include <string>

#include "base/stream.hpp"

namespace codec {

/// The plain bytes of a gzip stream (RFC 1952) with any number of members.
std::unique_ptr<base::ByteSource> gunzip(std::unique_ptr<base::ByteSource> source,
                                         std::string what);

/// The plain bytes of a zstd stream (RFC 8878) with any number of frames.
std::unique_ptr<base::ByteSource> unzstd(std::unique_ptr<base::ByteSource> source,
                                         std::string what);

}  // namespace codec
