#include "codec/gzip_writer.hpp"

#include <isa-l/igzip_lib.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace codec {
namespace {

/// What the library makes of some bytes depends on how many it is shown at a time.
constexpr size_t step_size = 64 * 1024;

}  // namespace

struct GzipWriter::Impl {
  explicit Impl(base::ByteSink& sink) : out(sink) {
    isal_deflate_init(&stream);
    stream.level = 1;
    stream.level_buf = work.data();
    stream.level_buf_size = static_cast<uint32_t>(work.size());
    stream.gzip_flag = IGZIP_GZIP;
  }

  void compress(std::string_view bytes) {
    // The library reads only, but its interface has no const.
    stream.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uint32_t>(bytes.size());
    while (stream.avail_in > 0) call();
  }

  /// One call of the library; what it gave goes on.
  void call() {
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
  std::string waiting;  ///< Less than a step.
};

GzipWriter::GzipWriter(base::ByteSink& out) : impl_(std::make_unique<Impl>(out)) {}
GzipWriter::~GzipWriter() = default;

void GzipWriter::write(std::string_view bytes) {
  std::string& waiting = impl_->waiting;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, step_size - waiting.size());
    bytes.remove_prefix(part.size());
    if (part.size() == step_size) {
      impl_->compress(part);
      continue;
    }
    waiting += part;
    if (waiting.size() < step_size) return;
    impl_->compress(waiting);
    waiting.clear();
  }
}

void GzipWriter::finish() {
  impl_->compress(impl_->waiting);
  impl_->stream.end_of_stream = 1;
  do {
    impl_->call();
  } while (impl_->stream.internal_state.state != ZSTATE_END);
}

}  // namespace codec
