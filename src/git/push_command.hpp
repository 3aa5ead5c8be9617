#pragma once
#include <span>
#include <string>

#include "base/log.hpp"
#include "git/advertisement.hpp"
#include "git/remote.hpp"

namespace git {

/// How a request begins that is to change a ref (gitprotocol-pack, Reference Update Request); the
/// pack comes behind it. A ref whose new commit is null is deleted, and there is no pack. Push
/// options are for servers that take them.
std::string push_command(const Advertisement& receive, const RefUpdate& update,
                         std::span<const std::string> push_options);

/// Sends such a request to a server that has said `receive` and reads its report on `ref`
/// (gitprotocol-pack, Report Status). What the server says besides goes to the log. Errors as of
/// Remote::push().
PushReply send_push(Transport& transport, const Advertisement& receive, const MakeBody& make_body,
                    const std::string& ref, base::Log& log);

}  // namespace git
