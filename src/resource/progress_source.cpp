#include "resource/progress_source.hpp"

#include "base/text.hpp"

namespace resource {

using base::cat;

size_t ProgressSource::read(std::span<char> buffer) {
  const size_t count = source_->read(buffer);
  done_ += count;
  if (count > 0) {
    log_.progress(cat(name_, ": ", base::human_size(done_), " of ", base::human_size(size_)));
  }
  return count;
}

}  // namespace resource
