#include "http/support/client_fixture.hpp"

#include <algorithm>

size_t PatternSource::read(std::span<char> buffer) {
  const auto count = static_cast<size_t>(std::min<uint64_t>(buffer.size(), size_ - given_));
  for (size_t i = 0; i < count; ++i) buffer[i] = static_cast<char>('a' + (given_ + i) % 26);
  given_ += count;
  return count;
}

http::Request ClientFixture::request(const LoopbackServer& server, const std::string& target,
                                     const std::string& method) {
  http::Request request;
  request.method = method;
  request.url = http::Url::parse(server.url(target));
  return request;
}

std::string ClientFixture::text(http::Response& response) {
  return base::read_all(*response.body, 1U << 30U, "the body");
}
