#include "registry/surroundings.hpp"

#include <cstdlib>
#include <fstream>

#include "base/error.hpp"
#include "base/text.hpp"

namespace registry {
namespace {

constexpr size_t token_limit = 64 * 1024;

}  // namespace

std::string process_environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

std::string read_token(const std::string& path, base::Log& log) {
  std::ifstream file(path, std::ios::binary);
  std::string text(token_limit + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  const std::string token(base::trim(text));
  if (token.empty() || text.size() > token_limit)
    throw base::Error(base::cat("cannot read a token in ", base::printable(path)));
  log.hide(token);
  return token;
}

}  // namespace registry
