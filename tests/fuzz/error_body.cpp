#include "fuzz/support/fuzz.hpp"
#include "http/client.hpp"

// A line with a Content-Type, and the body of an answer that says what went wrong.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::require;
  const std::string_view text = fuzz::text_of(data, size);
  const std::string_view type = text.substr(0, text.find('\n'));
  http::Response response;
  response.headers.add("Content-Type", std::string(type));
  response.body = std::make_unique<base::MemorySource>(
      std::string(text.substr(std::min(type.size() + 1, text.size()))));
  const std::string excerpt = http::describe_error_body(response);
  require(excerpt.size() <= 300, "an excerpt is short");
  require(base::printable(excerpt) == excerpt, "an excerpt is one printable line");
  return 0;
}
