#include "git/push_command.hpp"

#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/pkt_line.hpp"
#include "git/server_words.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

constexpr const char* agent = "agent=rootfs-git-resource/" RESOURCE_VERSION;

std::string join_reasons(std::string_view reason, const std::string& words) {
  if (words.empty()) return std::string(reason);
  return cat(reason, reason.empty() ? "" : "; ", "the server said: ", words);
}

/// What the lines of a report say of one ref.
struct Report {
  void add(const std::string& line, const std::string& ref) {
    if (line.starts_with("unpack ")) unpack = line.substr(7);
    if (line == cat("ok ", ref)) has_ref = reply.accepted = true;
    if (line.starts_with(cat("ng ", ref, ' '))) {
      has_ref = true;
      reply.reason = base::excerpt(line.substr(ref.size() + 4), most_words);
    }
  }

  std::string unpack;
  bool has_ref = false;
  PushReply reply;
};

PushReply read_report(Transport& transport, const Advertisement& receive, base::ByteSource& answer,
                      const std::string& ref, base::Log& log) {
  ServerWords words;
  ServerLines lines(log);
  SideBandSource band(answer, [&](std::string_view text) {
    words.add(text);
    lines.add(text);
  });
  const bool has_band = receive.can("side-band-64k");
  PktReader packets(has_band ? static_cast<base::ByteSource&>(band) : answer);
  Report report;
  try {
    while (packets.next() == PktReader::Kind::data) report.add(packets.line(), ref);
    if (has_band) base::drain(band);
  } catch (const ClosedEarly& error) {
    log.debug(error.what());
  } catch (Error& error) {
    if (!report.has_ref && words.text().empty()) throw;
    if (!report.has_ref) throw Error(join_reasons(error.what(), words.text()));
  }
  PushReply reply = std::move(report.reply);
  if (!report.unpack.empty() && report.unpack != "ok") {
    reply = {false,
             cat("the server could not unpack it: ", base::excerpt(report.unpack, most_words))};
  } else if (!report.has_ref) {
    const std::string said(base::trim(transport.finish(Service::receive_pack)));
    if (!said.empty()) words.add(said);
    throw Error(
        join_reasons("the server ended without saying whether it took the push", words.text()));
  }
  if (!reply.accepted) reply.reason = join_reasons(reply.reason, words.text());
  return reply;
}

}  // namespace

std::string push_command(const Advertisement& receive, const RefUpdate& update,
                         std::span<const std::string> push_options) {
  std::string text = cat(update.old.value_or(Oid{}).hex(), ' ', update.wanted.hex(), ' ',
                         update.ref, '\0', " report-status");
  if (receive.can("side-band-64k")) text += " side-band-64k";
  if (receive.can("object-format")) text += " object-format=sha1";
  if (receive.can("agent")) text += cat(' ', agent);
  if (push_options.empty()) return cat(pkt_line(text), flush_pkt);
  std::string command = cat(pkt_line(cat(text, " push-options")), flush_pkt);
  for (const std::string& option : push_options) command += pkt_line(option);
  return cat(command, flush_pkt);
}

PushReply send_push(Transport& transport, const Advertisement& receive, const MakeBody& make_body,
                    const std::string& ref, base::Log& log) {
  const auto answer = transport.request(Service::receive_pack, Protocol::v0, make_body);
  PushReply reply = read_report(transport, receive, *answer, ref, log);
  const std::string said(base::trim(transport.finish(Service::receive_pack)));
  if (!said.empty()) {
    log.remote(said);
    ServerWords words;
    words.add(said);
    if (!reply.accepted) reply.reason = join_reasons(reply.reason, words.text());
  }
  return reply;
}

}  // namespace git
