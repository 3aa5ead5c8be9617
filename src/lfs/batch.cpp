#include "lfs/batch.hpp"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace lfs {
namespace {

using base::cat;
using base::Error;
using base::JsonView;

nlohmann::json describe(const Object& object) {
  return {{"oid", object.oid}, {"size", object.size}};
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

bool is_field_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
  });
}

/// Each is hidden from the log, in all forms that it may come back in.
constexpr size_t most_fields = 100;

HeaderFields parse_headers(const JsonView& view) {
  HeaderFields headers;
  if (view.members().size() > most_fields) {
    throw Error(cat(view.path(), ": more than ", most_fields, " header fields"));
  }
  for (const auto& [name, value] : view.members()) {
    const std::string text = value.string_or("");
    if (!is_token(name) || !is_field_value(text)) {
      throw Error(cat(view.path(), ": not a header field"));
    }
    headers.emplace_back(name, base::Secret(text));
  }
  return headers;
}

/// "expires_in" goes before "expires_at", which needs a clock. Where ours is wrong, the server is
/// asked once more than needed, or refuses what has ended, as without a time.
std::optional<std::chrono::seconds> parse_expiry(const JsonView& view) {
  int64_t seconds = view.at("expires_in").integer_or(0);
  if (const JsonView at = view.at("expires_at"); seconds == 0 && at.is_string()) {
    const auto end = base::Timestamp::parse(at.string());
    // Servers written in Go send the year 1 for no time at all.
    if (!end || end->seconds <= 0) return std::nullopt;
    seconds = std::max<int64_t>(end->seconds - std::time(nullptr), 1);
  }
  // 0 stands for no limit; the protocol's range ends at 2^31 - 1.
  if (seconds == 0) return std::nullopt;
  return std::chrono::seconds(std::clamp<int64_t>(seconds, -1, INT32_MAX));
}

std::optional<Action> parse_action(const JsonView& view, const http::Url& url) {
  if (view.is_null()) return std::nullopt;
  Action action;
  action.url =
      base::with_context(view.path(), [&] { return url.resolve(view.at("href").string()); });
  if (url.secure() && !action.url.secure()) {
    throw Error(cat("it sends files to unencrypted ", action.url.display(), "; refused"));
  }
  action.headers = parse_headers(view.at("header"));
  action.expires_in = parse_expiry(view);
  return action;
}

Answer parse_answer(const JsonView& view, Operation operation, const http::Url& url) {
  Answer answer;
  if (const JsonView error = view.at("error"); !error.is_null()) {
    answer.error_code = static_cast<long>(error.at("code").integer_or(0));
    if (answer.error_code == 0) answer.error_code = -1;
    answer.error = base::excerpt(error.at("message").string_or(""), base::sentence_limit);
    return answer;
  }
  // An action that is overlooked stands for an object that the server has. JFrog Artifactory and
  // Microsoft's TFS have the name of the protocol's first draft for them; the former also tells a
  // negative size of what it does not have.
  if (view.at("size").scalar_text().starts_with('-')) {
    answer.error_code = -1;
    answer.error = "it says that the size is negative";
    return answer;
  }
  const JsonView named = view.at("actions");
  const JsonView actions = named.is_null() ? view.at("_links") : named;
  answer.transfer = parse_action(actions.at(word_of(operation)), url);
  if (operation == Operation::upload) answer.verify = parse_action(actions.at("verify"), url);
  answer.authenticated = view.at("authenticated").boolean_or(false);
  return answer;
}

}  // namespace

std::string_view word_of(Operation operation) {
  return operation == Operation::upload ? "upload" : "download";
}

std::string encode_batch(Operation operation, const std::string& ref,
                         const std::vector<Object>& objects) {
  nlohmann::json body = {{"operation", word_of(operation)},
                         {"transfers", {"basic"}},
                         {"hash_algo", "sha256"},
                         {"ref", {{"name", ref}}},
                         {"objects", nlohmann::json::array()}};
  for (const Object& object : objects) body["objects"].push_back(describe(object));
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string encode_object(const Object& object) {
  return describe(object).dump();
}

std::map<std::string, Answer> parse_batch(std::string_view text, Operation operation,
                                          const http::Url& url) {
  const auto document = base::JsonDocument::parse(text, "answer");
  const JsonView root = document.root("answer");
  const std::string transfer = root.at("transfer").string_or("basic");
  if (transfer != "basic" && !transfer.empty()) {
    throw Error(cat("it wants the transfer ", base::excerpt(transfer), ", not basic"));
  }
  const std::string hash = root.at("hash_algo").string_or("sha256");
  if (hash != "sha256" && !hash.empty()) {
    throw Error(cat("it names objects by ", base::excerpt(hash), ", not sha256"));
  }
  std::map<std::string, Answer> answers;
  for (const JsonView& object : root.at("objects").items()) {
    answers.emplace(object.at("oid").string(), parse_answer(object, operation, url));
  }
  return answers;
}

SshAnswer parse_ssh_answer(std::string_view text) {
  const auto document = base::JsonDocument::parse(text, "answer");
  const JsonView root = document.root("answer");
  return {root.at("href").string_or(""), parse_headers(root.at("header")), parse_expiry(root)};
}

}  // namespace lfs
