#include "resource/progress_source.hpp"

#include "base/text.hpp"

namespace resource {

void DownloadProgress::add(uint64_t bytes) {
  const uint64_t done = done_ += bytes;
  log_.progress(base::cat("downloaded ", base::human_size(done), " of ", base::human_size(size_)));
}

size_t ProgressSource::read(std::span<char> buffer) {
  const size_t count = source_->read(buffer);
  if (count > 0) progress_.add(count);
  return count;
}

}  // namespace resource
