#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "http/url.hpp"

namespace http {

/// What `no_proxy` says about `target`, in the words libcurl knows. Programs in Go, the worker and
/// most resources among them, also take host:port, *.domain and [IPv6] there.
std::string hosts_without_proxy(std::string_view no_proxy, const Url& target);

/// The same of the environment; nothing when that says nothing.
std::optional<std::string> hosts_without_proxy(const Url& target);

}  // namespace http
