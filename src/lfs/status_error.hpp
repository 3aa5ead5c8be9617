#pragma once
#include <string_view>

#include "http/retry.hpp"

namespace lfs {

/// What to do about a status of a batch answer or of one object in it; "" for most.
std::string_view advice_for(long status);

/// The error for an answer that is none of success; reads its body.
http::StatusError make_status_error(http::Response& response, const http::Url& url);

}  // namespace lfs
