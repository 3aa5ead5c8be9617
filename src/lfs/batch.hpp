#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "http/url.hpp"

namespace lfs {

/// A file that git-lfs keeps.
struct Object {
  std::string oid;  ///< SHA-256, 64 hexadecimal digits.
  uint64_t size = 0;
  std::string path;  ///< Where it stands in the image, for messages.
};

enum class Operation { upload, download };

std::string_view word_of(Operation operation);

using HeaderFields = std::vector<std::pair<std::string, base::Secret>>;

/// A request that the server wants to be made for an object. All values may be credentials.
struct Action {
  http::Url url;
  HeaderFields headers;
  std::optional<std::chrono::seconds> expires_in;
};

/// What the server says of one object.
struct Answer {
  std::optional<Action> transfer;  ///< Nothing for an upload: the server has the object.
  std::optional<Action> verify;
  bool authenticated = false;  ///< The actions need no credentials besides their own.
  long error_code = 0;         ///< Not 0: the server refuses the object.
  std::string error;
  /// Before the server was asked: the time that its actions have is counted from here.
  std::chrono::steady_clock::time_point asked{};
};

/// The most objects of one request; servers refuse far more.
inline constexpr size_t most_at_once = 100;

/// The body of a batch request (git-lfs, docs/api/batch.md). `ref` is the full name of the branch.
std::string encode_batch(Operation operation, const std::string& ref,
                         const std::vector<Object>& objects);

/// What the server answered, by oid. `url`, which was asked, completes addresses. Error on what
/// cannot be understood, for transfers other than "basic", and when https leads to http.
std::map<std::string, Answer> parse_batch(std::string_view text, Operation operation,
                                          const http::Url& url);

/// What git-lfs-authenticate prints: an address, which may be left out, and header fields (git-lfs,
/// docs/api/authentication.md).
struct SshAnswer {
  std::string href;
  HeaderFields headers;
  std::optional<std::chrono::seconds> expires_in;
};
SshAnswer parse_ssh_answer(std::string_view text);

/// Of requests and answers, but for the bytes of objects.
inline constexpr const char* media_type = "application/vnd.git-lfs+json";

/// The body of a verify request.
std::string encode_object(const Object& object);

}  // namespace lfs
