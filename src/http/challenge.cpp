#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "http/client.hpp"

namespace http {
namespace {

constexpr std::string_view blanks = " \t";

bool is_token_char(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         others.find(c) != std::string_view::npos;
}

/// Reads one header field from left to right; every step makes progress or ends.
class FieldParser {
 public:
  explicit FieldParser(std::string_view text) : rest_(text) {}

  void parse(std::vector<Challenge>& out) {
    bool inside = false;  // Parameters before any scheme belong to nobody.
    while (skip(" \t,"), !rest_.empty()) {
      const std::string name = base::to_lower(take_token());
      const bool separated = skip(blanks);
      if (!name.empty() && rest_.starts_with('=')) {
        rest_.remove_prefix(1);
        skip(blanks);
        std::string value = take_value();
        if (inside) out.back().parameters.emplace_back(name, std::move(value));
      } else if (!name.empty() && (separated || rest_.empty() || rest_.starts_with(','))) {
        out.push_back({name, {}});
        inside = true;
        skip_token68();
      } else {
        skip_to_comma();
      }
    }
  }

 private:
  bool skip(std::string_view characters) {
    const size_t count = std::min(rest_.find_first_not_of(characters), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }

  void skip_to_comma() { rest_.remove_prefix(std::min(rest_.find(','), rest_.size())); }

  std::string_view take_token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_char);
    const auto count = static_cast<size_t>(end - rest_.begin());
    const std::string_view token = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return token;
  }

  std::string take_value() {
    if (!rest_.starts_with('"')) {
      const std::string_view value = rest_.substr(0, rest_.find_first_of(", \t"));
      rest_.remove_prefix(value.size());
      return std::string(value);
    }
    std::string value;
    size_t i = 1;
    for (; i < rest_.size() && rest_[i] != '"'; ++i) {
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      value += rest_[i];
    }
    rest_.remove_prefix(std::min(i + 1, rest_.size()));
    return value;
  }

  /// Schemes such as Negotiate have one bare value (RFC 9110 section 11.2) in place of parameters.
  void skip_token68() {
    const std::string_view candidate = base::trim(rest_.substr(0, rest_.find(',')));
    const size_t padding = std::min(candidate.find('='), candidate.size());
    const bool only_padding = candidate.find_first_not_of('=', padding) == std::string_view::npos;
    const bool one_word = candidate.find_first_of(" \t\"") == std::string_view::npos;
    if (!candidate.empty() && only_padding && one_word) skip_to_comma();
  }

  std::string_view rest_;
};

}  // namespace

base::Secret basic_authorization(std::string_view username, std::string_view password) {
  return base::Secret(base::cat("Basic ", base::base64_encode(base::cat(username, ":", password))));
}

std::string Challenge::get(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (base::equal_ignoring_case(key, name)) return value;
  }
  return "";
}

std::vector<Challenge> parse_challenges(const std::vector<std::string>& fields) {
  std::vector<Challenge> challenges;
  for (const std::string& field : fields) FieldParser(field).parse(challenges);
  return challenges;
}

std::string other_logins(const Response& response) {
  std::string schemes;
  for (const Challenge& challenge : parse_challenges(response.headers.all("WWW-Authenticate"))) {
    if (challenge.scheme == "basic") return "";
    base::append_item(schemes, ", ", challenge.scheme);
  }
  return base::excerpt(schemes);
}

}  // namespace http
