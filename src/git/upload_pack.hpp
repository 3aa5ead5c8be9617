#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "git/advertisement.hpp"
#include "git/transport.hpp"

namespace git {

/// The commit `ref` is at. In version 0 the advertisement says so; in version 2 the server is asked
/// for the refs whose name begins like it.
std::optional<Oid> find_ref(Transport& transport, const Advertisement& upload,
                            const std::string& ref);

/// The line that begins a request in version 0. Of what it may ask for beside the object, it has
/// what the server offers (gitprotocol-capabilities), and `more`.
std::string first_want(const Advertisement& upload, const Oid& want, std::string_view more = "");

/// A pack to be made: a commit and what belongs to it.
struct PackRequest {
  Oid want;
  std::optional<Oid> have{};  ///< Something that, with all it refers to, need not be sent.
  unsigned depth = 0;         ///< Commits of history; 0 means all, as to servers that cannot cut.
  std::string_view filter{};  ///< "tree:0", "blob:none"; the server must be able to.
};

struct PackReply {
  bool has = false;  ///< The server has what the request says we have.
  /// Side-band packets with the pack. Null when the server lacks `have` and version 2 allowed to
  /// find that out first; the pack would be the whole history then.
  std::unique_ptr<base::ByteSource> packets;
};

/// The server advertises that it can filter, but not in the way it was asked to.
class FilterRefused : public base::Error {
 public:
  using base::Error::Error;
};

/// Asks for a pack without deltas to objects outside of it. Error with the server's words when it
/// refuses (FilterRefused if that is about the filter), and where it can send no side-band.
PackReply request_pack(Transport& transport, const Advertisement& upload,
                       const PackRequest& request);

}  // namespace git
