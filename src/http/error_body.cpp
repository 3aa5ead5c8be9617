#include "base/json.hpp"
#include "base/text.hpp"
#include "http/client.hpp"

namespace http {
namespace {

using base::cat;

constexpr size_t body_limit = 64 * 1024;
constexpr size_t excerpt_limit = 300;

std::string read_front(base::ByteSource& source) {
  std::string bytes(body_limit, '\0');
  bytes.resize(base::read_full(source, bytes));
  return bytes;
}

std::string text_member(const base::JsonView& object, std::string_view key) {
  const base::JsonView member = object.at(key);
  return member.is_string() ? member.string() : "";
}

/// One entry of a registry's "errors" list (distribution-spec, Error codes).
std::string registry_error(const base::JsonView& entry) {
  if (entry.is_string()) return entry.string();
  if (!entry.is_object()) return "";
  const std::string code = text_member(entry, "code");
  const std::string message = text_member(entry, "message");
  if (code.empty() || message.empty()) return cat(code, message);
  return cat(code, ": ", message);
}

std::string json_message(std::string_view text) {
  try {
    const base::JsonDocument document = base::JsonDocument::parse(text, "error body");
    const base::JsonView root = document.root();
    if (!root.is_object()) return "";
    std::string joined;
    const base::JsonView errors = root.at("errors");
    if (errors.is_array()) {
      for (const base::JsonView& entry : errors.items()) {
        const std::string part = registry_error(entry);
        if (!part.empty()) base::append_item(joined, "; ", part);
      }
    }
    for (const char* key : {"message", "error_description", "details", "detail", "error"}) {
      if (joined.empty()) joined = text_member(root, key);
    }
    return joined;
  } catch (const base::Error&) {
    return "";  // Cut or broken JSON says nothing that helps.
  }
}

/// The text of the first element of this name; "" when there is none.
std::string element(std::string_view text, std::string_view name) {
  const std::string lower = base::to_lower(text);
  const size_t open = lower.find(cat("<", name));
  if (open == std::string::npos) return "";
  const size_t begin = lower.find('>', open);
  const size_t end = lower.find(cat("</", name), open);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  return std::string(text.substr(begin + 1, end - begin - 1));
}

/// What web servers say in HTML, and object storage in XML.
std::string markup_message(std::string_view text) {
  std::string title = element(text, "title");
  if (!title.empty()) return title;
  const std::string code = element(text, "code");
  const std::string message = element(text, "message");
  return cat(code, code.empty() || message.empty() ? "" : ": ", message);
}

std::string without(std::string text, const std::vector<base::Secret>& confidential) {
  for (const base::Secret& secret : confidential) {
    base::replace_all(text, secret.reveal(), "***");
  }
  return text;
}

}  // namespace

std::string describe_error_body(Response& response) {
  if (!response.body) return "";
  std::string text;
  try {
    text = read_front(*response.body);
  } catch (const TransportError&) {
    return "";  // The status matters more than a body that broke off.
  }
  const std::string_view trimmed = base::trim(text);
  const std::string type = base::to_lower(response.headers.get("Content-Type").value_or(""));
  std::string message;
  if (trimmed.starts_with('{')) {
    message = json_message(trimmed);
  } else if (trimmed.starts_with('<') || type.starts_with("text/html")) {
    message = markup_message(trimmed);
  } else if (type.empty() || type.starts_with("text/")) {
    message = trimmed;
  }
  // Made printable first: the limit holds for what is shown.
  constexpr size_t dots = 3;
  return base::excerpt(base::printable(without(base::one_line(message), response.confidential)),
                       excerpt_limit - dots);
}

}  // namespace http
