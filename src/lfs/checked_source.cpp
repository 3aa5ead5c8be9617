#include "lfs/checked_source.hpp"

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace lfs {

using base::cat;

size_t CheckedSource::read(std::span<char> buffer) {
  base::throw_if_cancelled();
  const size_t count = bytes_.read(buffer);
  hasher_.update({buffer.data(), count});
  count_ += count;
  if (count_ > object_.size) {
    throw base::Error(cat("there are more than the ", base::with_commas(object_.size),
                          " bytes that its pointer tells"));
  }
  return count;
}

void CheckedSource::finish() {
  base::drain(*this);
  if (count_ != object_.size) {
    throw base::Error(cat("there are ", base::with_commas(count_), " bytes, its pointer tells ",
                          base::with_commas(object_.size)));
  }
  if (base::to_hex(hasher_.finish()) != object_.oid) {
    throw base::Error(cat("its bytes are not those with SHA-256 ", object_.oid));
  }
}

}  // namespace lfs
