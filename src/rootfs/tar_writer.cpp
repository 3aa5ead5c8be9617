#include "rootfs/tar_writer.hpp"

#include "base/error.hpp"
#include "base/tar_record.hpp"
#include "base/text.hpp"

namespace rootfs {

void TarWriter::add(const base::Entry& entry) {
  out_.write(tar_header(entry));
}

void TarWriter::add(const base::Entry& entry, base::ByteSource& data) {
  out_.write(tar_header(entry));
  const uint64_t size = base::copy_all(data, out_);
  if (size != entry.size) {
    throw base::Error(base::cat("\"", base::excerpt(entry.path), "\" has ", base::with_commas(size),
                                " bytes, not ", base::with_commas(entry.size)));
  }
  out_.write(std::string(base::tar_padding(size), '\0'));
}

void TarWriter::finish() {
  out_.write(std::string(2 * base::tar_record_size, '\0'));
}

}  // namespace rootfs
