#include "codec/gzip_writer.hpp"

#include <isa-l/igzip_lib.h>

#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace codec {

struct GzipWriter::Impl {
  explicit Impl(base::ByteSink& sink) : out(sink) {
    isal_deflate_init(&stream);
    stream.level = 1;
    stream.level_buf = work.data();
    stream.level_buf_size = static_cast<uint32_t>(work.size());
    stream.gzip_flag = IGZIP_GZIP;
  }

  /// One call of the library; what it gave goes on.
  void step() {
    stream.next_out = reinterpret_cast<uint8_t*>(buffer.data());
    stream.avail_out = static_cast<uint32_t>(buffer.size());
    const int result = isal_deflate(&stream);
    if (result != COMP_OK) {
      throw base::Error(base::cat("compress: ISA-L failed with code ", result));
    }
    out.write({buffer.data(), buffer.size() - stream.avail_out});
  }

  base::ByteSink& out;
  isal_zstream stream{};
  std::vector<uint8_t> work = std::vector<uint8_t>(ISAL_DEF_LVL1_DEFAULT);
  std::vector<char> buffer = std::vector<char>(256 * 1024);
};

GzipWriter::GzipWriter(base::ByteSink& out) : impl_(std::make_unique<Impl>(out)) {}
GzipWriter::~GzipWriter() = default;

void GzipWriter::write(std::string_view bytes) {
  constexpr size_t most = size_t{1} << 30U;  // The library counts in 32 bits.
  isal_zstream& stream = impl_->stream;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, most);
    bytes.remove_prefix(part.size());
    // The library reads only, but its interface has no const.
    stream.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uint32_t>(part.size());
    while (stream.avail_in > 0) impl_->step();
  }
}

void GzipWriter::finish() {
  impl_->stream.end_of_stream = 1;
  do {
    impl_->step();
  } while (impl_->stream.internal_state.state != ZSTATE_END);
}

}  // namespace codec
