#include "codec/gzip_writer.hpp"

#include <string>

#include "codec/decompress.hpp"
#include "support/catch.hpp"
#include "support/noise.hpp"

namespace {

std::string gzip(std::string_view bytes, size_t step) {
  base::StringSink out;
  codec::GzipWriter writer(out);
  for (size_t at = 0; at < bytes.size(); at += step) writer.write(bytes.substr(at, step));
  writer.finish();
  return out.take();
}

std::string gunzip(std::string bytes) {
  const auto plain =
      codec::decompress(std::make_unique<base::MemorySource>(std::move(bytes)), "the archive");
  return base::read_all(*plain, 100'000'000, "the archive");
}

}  // namespace

TEST_CASE("gzip gives back every byte, whatever the size and the steps it came in") {
  for (const size_t size : {0U, 1U, 1000U, 65'536U, 3'000'000U}) {
    for (const unsigned kinds : {1U, 4U, 256U}) {
      const std::string bytes = noise(size, kinds);
      for (const size_t step : {777U, 262'144U, 5'000'000U}) {
        CHECK(gunzip(gzip(bytes, step)) == bytes);
      }
    }
  }
}

TEST_CASE("gzip shrinks what can be shrunk and hardly grows what cannot") {
  CHECK(gzip(std::string(1'000'000, 'x'), 10'000).size() < 20'000);
  CHECK(gzip(noise(1'000'000, 256), 10'000).size() < 1'010'000);
}

TEST_CASE("the same bytes make the same archive, in whatever pieces a registry sent them") {
  for (const unsigned kinds : {2U, 20U, 256U}) {
    const std::string bytes = noise(500'000, kinds);
    const std::string whole = gzip(bytes, bytes.size());
    for (const size_t step : {1U, 3000U, 65'535U, 65'536U, 65'537U, 262'144U}) {
      CHECK((gzip(bytes, step) == whole));
    }
  }
}
