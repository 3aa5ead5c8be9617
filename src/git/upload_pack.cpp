#include "git/upload_pack.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/pkt_line.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

constexpr const char* agent = "agent=rootfs-git-resource/" RESOURCE_VERSION "\n";

/// Before a pack. A commit at the end of a cut history has a line; there may be thousands.
constexpr size_t most_lines = 100'000;

enum class Negotiation { ask_first, done };

/// The next line before a pack, of which `lines` have come so far.
PktReader::Kind next_line(PktReader& packets, size_t& lines) {
  if (++lines > most_lines) throw Error("the server's answer has no end");
  return packets.next();
}

std::unique_ptr<base::ByteSource> send(Transport& transport, Protocol protocol,
                                       const std::string& body) {
  return transport.request(Service::upload_pack, protocol,
                           [&] { return std::make_unique<base::MemorySource>(body); });
}

/// Whether to say "deepen", which a server must have offered (gitprotocol-capabilities, shallow).
bool cuts(const Advertisement& upload, const PackRequest& request) {
  return request.depth > 0 && upload.can_cut();
}

/// What stands before the arguments of every command (gitprotocol-v2).
std::string command_text(std::string_view command, const Advertisement& upload) {
  std::string text = pkt_line(cat("command=", command, '\n'));
  if (upload.can("agent")) text += pkt_line(agent);
  if (upload.can("object-format")) text += pkt_line("object-format=sha1\n");
  return text + std::string(delimiter_pkt);
}

std::string fetch_text(const Advertisement& upload, const PackRequest& request,
                       Negotiation negotiation) {
  std::string text = command_text("fetch", upload);
  text += pkt_line("no-progress\n") + pkt_line("ofs-delta\n");
  text += pkt_line(cat("want ", request.want.hex(), '\n'));
  if (cuts(upload, request)) text += pkt_line(cat("deepen ", request.depth, '\n'));
  if (!request.filter.empty()) text += pkt_line(cat("filter ", request.filter, '\n'));
  if (request.have) text += pkt_line(cat("have ", request.have->hex(), '\n'));
  if (negotiation == Negotiation::done) text += pkt_line("done\n");
  return text + std::string(flush_pkt);
}

/// Reads the sections of a version 2 reply up to the pack; no packets where it ends before.
PackReply read_sections(std::unique_ptr<base::ByteSource> source) {
  PackReply reply;
  PktReader packets(*source);
  size_t lines = 0;
  for (;;) {
    const PktReader::Kind kind = next_line(packets, lines);
    const std::string& line = packets.line();
    if (kind == PktReader::Kind::end) throw Error("the server broke off its answer");
    if (kind == PktReader::Kind::flush) return reply;
    if (kind == PktReader::Kind::delimiter) continue;
    check_for_error(line);
    // Where it is "ready", it need not say what it has.
    if (line.starts_with("ACK ") || line == "ready") reply.has = true;
    if (line == "packfile") {
      reply.packets = std::move(source);
      return reply;
    }
  }
}

PackReply request_version_2(Transport& transport, const Advertisement& upload,
                            const PackRequest& request) {
  const auto ask = [&](Negotiation negotiation) {
    return read_sections(send(transport, Protocol::v2, fetch_text(upload, request, negotiation)));
  };
  if (request.have) {
    // Where the server is "ready", the pack follows at once.
    PackReply reply = ask(Negotiation::ask_first);
    if (reply.packets != nullptr || !reply.has) return reply;
  }
  PackReply reply = ask(Negotiation::done);
  if (reply.packets == nullptr) throw Error("the server sent no pack");
  reply.has = request.have.has_value();
  return reply;
}

PackReply request_version_0(Transport& transport, const Advertisement& upload,
                            const PackRequest& request) {
  if (!upload.can("side-band-64k")) throw Error("its server is too old (it lacks side-band-64k)");
  std::string body = first_want(upload, request.want, request.filter.empty() ? "" : " filter");
  if (cuts(upload, request)) body += pkt_line(cat("deepen ", request.depth));
  if (!request.filter.empty()) body += pkt_line(cat("filter ", request.filter));
  body += flush_pkt;
  if (request.have) body += pkt_line(cat("have ", request.have->hex(), '\n'));
  body += pkt_line("done\n");
  PackReply reply;
  reply.packets = send(transport, Protocol::v0, body);
  PktReader packets(*reply.packets);
  size_t lines = 0;
  for (;;) {
    const PktReader::Kind kind = next_line(packets, lines);
    const std::string& line = packets.line();
    if (kind == PktReader::Kind::end) throw Error("the server sent no pack");
    if (kind == PktReader::Kind::flush) continue;
    check_for_error(line);
    if (line.starts_with("ACK ")) reply.has = true;
    // "ACK <id> common" and the like come before; the last one stands alone.
    if (line == "NAK" || (line.starts_with("ACK ") && line.size() == 44)) return reply;
  }
}

}  // namespace

std::string first_want(const Advertisement& upload, const Oid& want, std::string_view more) {
  std::string line = cat("want ", want.hex());
  for (const std::string_view word :
       {"multi_ack_detailed", "side-band-64k", "ofs-delta", "no-progress"}) {
    if (upload.can(word)) line += cat(' ', word);
  }
  return pkt_line(cat(line, more, '\n'));
}

std::optional<Oid> find_ref(Transport& transport, const Advertisement& upload,
                            const std::string& ref) {
  if (upload.protocol == Protocol::v0) return upload.find(ref);
  const auto reply = send(
      transport, Protocol::v2,
      cat(command_text("ls-refs", upload), pkt_line(cat("ref-prefix ", ref, '\n')), flush_pkt));
  std::optional<Oid> found;
  PktReader packets(*reply);
  for (;;) {
    const PktReader::Kind kind = packets.next();
    const std::string_view line = packets.line();
    if (kind == PktReader::Kind::end) throw Error("the server broke off its list of branches");
    if (kind != PktReader::Kind::data) return found;
    check_for_error(line);
    if (line.size() < 42) continue;
    const std::string_view name = line.substr(41, line.find(' ', 41) - 41);
    // Longer names begin like it, too.
    if (name == ref) found = Oid::parse(line.substr(0, 40));
  }
}

PackReply request_pack(Transport& transport, const Advertisement& upload,
                       const PackRequest& request) {
  try {
    return upload.protocol == Protocol::v2 ? request_version_2(transport, upload, request)
                                           : request_version_0(transport, upload, request);
  } catch (const Error& error) {
    // In the words of git: "filter 'tree' not supported".
    const bool about_filter = base::to_lower(error.what()).find("filter") != std::string::npos;
    if (request.filter.empty() || !about_filter) throw;
    throw FilterRefused(error.what());
  }
}

}  // namespace git
