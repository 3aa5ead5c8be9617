#include "resource/download_progress.hpp"

#include "base/text.hpp"

namespace resource {

std::unique_ptr<base::ByteSource> DownloadProgress::counted(
    std::unique_ptr<base::ByteSource> part) {
  return std::make_unique<base::CountedSource>(std::move(part), [this](size_t count) {
    log_.progress(
        base::cat("fetched ", base::human_size(done_ += count), " of ", base::human_size(size_)));
  });
}

}  // namespace resource
