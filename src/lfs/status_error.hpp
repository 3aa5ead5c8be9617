#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "http/client.hpp"

namespace lfs {

/// A server's refusal.
class StatusError : public base::Error {
 public:
  StatusError(long status, std::optional<std::chrono::seconds> retry_after, std::string message)
      : base::Error(std::move(message)), status_(status), retry_after_(retry_after) {}
  long status() const { return status_; }
  std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

 private:
  long status_;
  std::optional<std::chrono::seconds> retry_after_;
};

/// What to do about a status of a batch answer or of one object in it; "" for most.
std::string_view advice_for(long status);

/// The error for an answer that is none of success; reads its body.
StatusError make_status_error(http::Response& response, const http::Url& url);

}  // namespace lfs
