#pragma once
#include <string>

#include "resource/protocol.hpp"
#include "support/captured_log.hpp"
#include "support/message_of.hpp"

/// The source of a check request with this JSON for `source`.
inline resource::Source source_of(const std::string& source) {
  CapturedLog log;
  return resource::parse_check_request(R"({"source":)" + source + "}", log).source;
}

/// The error that a check request with this `source` ends in; "" when it is accepted.
inline std::string refusal_of(const std::string& source) {
  return message_of([&] { source_of(source); });
}

/// A source with a repository and these further members: R"("tag":"x")".
inline std::string image_source(const std::string& members) {
  return R"({"repository":"registry.test/team/app")" + (members.empty() ? "" : "," + members) + "}";
}

/// A source with a git repository and these further members of `git`.
inline std::string git_source(const std::string& members) {
  return R"({"git":{"uri":"https://git.test/app")" + (members.empty() ? "" : "," + members) + "}}";
}
