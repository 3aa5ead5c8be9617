#include "git/have_oracle.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/pkt_line.hpp"
#include "git/upload_pack.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

// Over HTTP a batch costs a request; git itself asks for up to 16k ids in one. In a conversation a
// batch costs a round trip only.
constexpr size_t stateless_batch = 16000;
constexpr size_t conversation_batch = 2000;

// For each id "common" and "ready"; at the end once more "ready", flushes and "NAK".
constexpr size_t most_lines_per_id = 2;
constexpr size_t most_other_lines = 16;

class Oracle {
 public:
  Oracle(Transport& transport, const Advertisement& upload, const Oid& tip)
      : transport_(transport), want_(cat(first_want(upload, tip), flush_pkt)) {}

  void ask(const std::vector<Oid>& ids, std::unordered_set<Oid, OidHash>& known) {
    const size_t batch = transport_.stateless() ? stateless_batch : conversation_batch;
    for (size_t from = 0; from < ids.size(); from += batch) {
      std::string body = transport_.stateless() || first_ ? want_ : "";
      first_ = false;
      const size_t to = std::min(ids.size(), from + batch);
      for (size_t i = from; i < to; ++i) body += pkt_line(cat("have ", ids[i].hex(), '\n'));
      body += flush_pkt;
      const auto reply = transport_.request(Service::upload_pack, Protocol::v0, [&] {
        return std::make_unique<base::MemorySource>(body);
      });
      const auto at = ids.begin();
      read_acknowledgements(
          *reply, {at + static_cast<ptrdiff_t>(from), at + static_cast<ptrdiff_t>(to)}, known);
    }
  }

 private:
  static void read_acknowledgements(base::ByteSource& reply,
                                    const std::unordered_set<Oid, OidHash>& asked,
                                    std::unordered_set<Oid, OidHash>& known) {
    PktReader packets(reply);
    for (size_t lines = 0;; ++lines) {
      if (lines > most_lines_per_id * asked.size() + most_other_lines) {
        throw Error("the server acknowledges more objects than it was asked for");
      }
      const PktReader::Kind kind = packets.next();
      const std::string& line = packets.line();
      if (kind == PktReader::Kind::end) throw Error("the server broke off its answer");
      if (kind == PktReader::Kind::flush) continue;
      if (line == "NAK") return;
      check_for_error(line);
      // "ready" may name an object the server does not have.
      if (line.starts_with("ACK ") && line.ends_with(" common")) {
        const auto id = Oid::parse(std::string_view(line).substr(4, 40));
        if (id && asked.contains(*id)) known.insert(*id);
      }
    }
  }

  Transport& transport_;
  std::string want_;
  bool first_ = true;
};

}  // namespace

Known ask_what_exists(Transport& transport, const Advertisement& upload, const Oid& tip,
                      const Snapshot& snapshot) {
  Known known;
  Oracle oracle(transport, upload, tip);
  oracle.ask(snapshot.tree_ids(), known.ids);
  oracle.ask(snapshot.blob_ids_outside(known.ids), known.ids);
  return known;
}

}  // namespace git
