#pragma once
#include <functional>
#include <optional>

#include "http/client.hpp"
#include "registry/client.hpp"

namespace registry {

/// Whether a server at `from` leads into a private network that it is not in itself, where it must
/// not make us ask. Its own host is as good as before.
bool leads_inside(const http::Url& from, const http::Url& target);

/// Where a redirect (301, 302, 303, 307, 308) leads; nothing for other answers. Error when it leads
/// from https to http (allowed when insecure) or from a public host into a private network.
std::optional<http::Url> redirect_target(const http::Response& response, const http::Url& from,
                                         Insecure insecure);

/// Reads a short body to its end, so that the connection can be used again. Not for long, as of one
/// that comes byte by byte.
void discard_body(http::Response& response);

/// The first answer that leads nowhere else: `send` is called with `request` and then, up to ten
/// times, with the address that its answer redirects to. Error behind that.
http::Response follow_redirects(http::Request request, Insecure insecure,
                                const std::function<http::Response(http::Request&)>& send);

}  // namespace registry
