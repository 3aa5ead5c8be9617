#pragma once
#include <mutex>
#include <set>
#include <string>

#include "base/log.hpp"
#include "http/client.hpp"

namespace registry {

/// Passes on what a registry wants its users to know (distribution-spec, "Warnings"). Safe to use
/// from several threads.
class Warnings {
 public:
  Warnings(std::string host, base::Log& log) : host_(std::move(host)), log_(log) {}

  /// Logs each text of `Warning: 299 - "text"` once, up to a few; other forms are ignored.
  void note(const http::Headers& headers);

 private:
  std::string host_;
  base::Log& log_;
  std::mutex mutex_;
  std::set<std::string> known_;
};

}  // namespace registry
