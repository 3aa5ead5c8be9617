#include "oci/reference.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace oci {
namespace {

using base::cat;

bool is_lower_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_alnum(char c) {
  return is_lower_alnum(c) || is_upper(c);
}
bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

[[noreturn]] void refuse(std::string_view text, std::string_view reason) {
  throw base::Error(cat("\"", base::excerpt(text), "\" is not an image name: ", reason));
}

/// Whether the first part of a name is a host and not the first directory of a Docker Hub name.
bool is_registry(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:[") != std::string_view::npos ||
         std::any_of(part.begin(), part.end(), is_upper);
}

bool is_valid_port(std::string_view digits) {
  return !digits.empty() && digits.size() <= 5 &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_valid_host(std::string_view host) {
  for (const std::string_view label : base::split(host, '.')) {
    if (label.empty() || label.starts_with('-') || label.ends_with('-')) return false;
    // No host name of the internet has "_", but containers that are found by name do.
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alnum(c) || c == '-' || c == '_'; })) {
      return false;
    }
  }
  return true;
}

bool is_valid_registry(std::string_view registry) {
  std::string_view port;
  if (registry.starts_with('[')) {
    const size_t end = registry.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view address = registry.substr(1, end - 1);
    if (!std::all_of(address.begin(), address.end(),
                     [](char c) { return is_hex(c) || c == ':' || c == '.'; })) {
      return false;
    }
    port = registry.substr(end + 1);
  } else {
    const size_t colon = std::min(registry.find(':'), registry.size());
    if (!is_valid_host(registry.substr(0, colon))) return false;
    port = registry.substr(colon);
  }
  return port.empty() || (port.starts_with(':') && is_valid_port(port.substr(1)));
}

/// [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
bool is_valid_component(std::string_view part) {
  if (part.empty() || !is_lower_alnum(part.front()) || !is_lower_alnum(part.back())) return false;
  for (size_t i = 0; i < part.size();) {
    const size_t begin = i;
    while (i < part.size() && !is_lower_alnum(part[i])) ++i;
    const std::string_view separator = part.substr(begin, i - begin);
    const bool dashes = separator.find_first_not_of('-') == std::string_view::npos;
    if (!dashes && separator != "." && separator != "_" && separator != "__") return false;
    while (i < part.size() && is_lower_alnum(part[i])) ++i;
  }
  return true;
}

void check_repository(std::string_view repository, std::string_view text) {
  if (repository.empty()) refuse(text, "the repository is missing");
  if (repository.size() > 255) refuse(text, "the repository is longer than 255 characters");
  if (std::any_of(repository.begin(), repository.end(), is_upper)) {
    refuse(text, "the repository must be in lower case");
  }
  for (const std::string_view part : base::split(repository, '/')) {
    if (is_valid_component(part)) continue;
    refuse(text, cat("\"", base::excerpt(part), "\" may not be a part of it; parts are letters ",
                     "a-z and digits, with single . _ or - between them"));
  }
}

}  // namespace

bool is_valid_tag(std::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  if (!is_alnum(text.front()) && text.front() != '_') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

Reference Reference::parse(std::string_view text) {
  if (text.empty()) refuse(text, "it is empty; write repository or registry/repository");
  const size_t scheme = text.find("://");
  if (scheme != std::string_view::npos) {
    refuse(text, cat("write it without ", base::excerpt(text.substr(0, scheme)), "://"));
  }
  if (text.size() == 64 && std::all_of(text.begin(), text.end(), is_hex)) {
    refuse(text, "64 digits are an image id; write the name of its repository");
  }
  Reference reference;
  std::string_view rest = text;
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = Digest::try_parse(rest.substr(at + 1));
    if (!reference.digest) refuse(text, "behind @ must stand sha256: and 64 digits 0-9 a-f");
    rest = rest.substr(0, at);
  }
  const size_t slash = rest.find('/');
  if (slash != std::string_view::npos && is_registry(rest.substr(0, slash))) {
    reference.registry = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    if (!is_valid_registry(reference.registry)) {
      refuse(text, cat("\"", base::excerpt(reference.registry), "\" is not a host[:port]"));
    }
  } else {
    reference.registry = "docker.io";
  }
  if (const size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    if (!is_valid_tag(reference.tag)) {
      refuse(text, cat("\"", base::excerpt(reference.tag), "\" is not a tag; tags are up to 128 ",
                       "letters, digits, _ . -"));
    }
    rest = rest.substr(0, colon);
  }
  if (reference.registry == "index.docker.io" || reference.registry == "registry-1.docker.io") {
    reference.registry = "docker.io";
  }
  check_repository(rest, text);
  const bool official = reference.is_docker_hub() && rest.find('/') == std::string_view::npos;
  reference.repository = cat(official ? "library/" : "", rest);
  return reference;
}

std::string Reference::wire_host() const {
  return is_docker_hub() ? "registry-1.docker.io" : registry;
}

std::string Reference::name() const {
  return cat(registry, "/", repository);
}

}  // namespace oci
