#include "git/advertisement.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/pkt_line.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

// Far more than any server lists; what has no end must not fill the memory.
constexpr size_t most_branches = 250'000;
constexpr uint64_t most_bytes = 1ULL << 30U;
constexpr size_t longest_ref = 4096;
constexpr size_t most_capabilities = 1000;

bool is_own(std::string_view ref) {
  return ref.starts_with(own_namespace) || ref.starts_with(own_tags);
}

void read_capabilities(std::string_view text, Advertisement& advertisement) {
  for (const std::string_view word : base::split(text, ' ')) {
    if (word.empty()) continue;
    const size_t equals = word.find('=');
    const std::string name(word.substr(0, equals));
    const std::string value(equals == std::string_view::npos ? "" : word.substr(equals + 1));
    if (name == "symref" && value.starts_with("HEAD:")) advertisement.head = value.substr(5);
    advertisement.capabilities.emplace(name, value);
  }
}

void check_format(const Advertisement& advertisement) {
  const auto format = advertisement.capabilities.find("object-format");
  if (format != advertisement.capabilities.end() && format->second != "sha1") {
    throw Error(cat("the repository uses object format ", base::excerpt(format->second),
                    "; only sha1 repositories are supported: make it with git init --bare "
                    "--object-format=sha1"));
  }
}

/// The first line, without what stands behind its NUL.
std::string_view take_capabilities(std::string_view line, Advertisement& advertisement) {
  const size_t end = line.find('\0');
  if (end != std::string_view::npos) read_capabilities(line.substr(end + 1), advertisement);
  check_format(advertisement);
  return line.substr(0, end);
}

/// A line that names a ref, or one of those that may stand among them.
void read_ref(std::string_view line, Advertisement& advertisement) {
  const auto id = Oid::parse(line.substr(0, 40));
  if (id && line.size() > 41 && line[40] == ' ') {
    const std::string_view name = line.substr(41);
    // An empty repository lists only the name "capabilities^{}".
    if (id->is_null() || name.size() > longest_ref) return;
    if (name.starts_with("refs/heads/")) advertisement.refs.emplace(name, *id);
    if (is_own(name)) advertisement.own_refs.emplace(name, *id);
  } else if (!line.starts_with("shallow ") && !line.starts_with("version ")) {
    throw Error("the server does not speak the git protocol");
  }
}

/// One capability a line.
void read_version_2(PktReader& packets, Advertisement& advertisement) {
  advertisement.protocol = Protocol::v2;
  PktReader::Kind kind = packets.next();
  for (; kind == PktReader::Kind::data; kind = packets.next()) {
    const std::string& line = packets.line();
    if (advertisement.capabilities.size() > most_capabilities || line.size() > longest_ref) {
      throw Error("the server's list of capabilities has no end");
    }
    const size_t equals = line.find('=');
    advertisement.capabilities.emplace(line.substr(0, equals),
                                       equals == std::string::npos ? "" : line.substr(equals + 1));
  }
  if (kind != PktReader::Kind::flush) throw Error("the server broke off its list of capabilities");
  check_format(advertisement);
}

}  // namespace

bool Advertisement::can_in_fetch(std::string_view feature) const {
  if (protocol == Protocol::v0) return can(feature);
  const auto fetch = capabilities.find("fetch");
  if (fetch == capabilities.end()) return false;
  const auto words = base::split(fetch->second, ' ');
  return std::find(words.begin(), words.end(), feature) != words.end();
}

std::optional<Oid> Advertisement::find(const std::string& ref) const {
  const auto& among = is_own(ref) ? own_refs : refs;
  const auto found = among.find(ref);
  if (found == among.end()) return std::nullopt;
  return found->second;
}

Advertisement read_advertisement(base::ByteSource& source) {
  Advertisement advertisement;
  PktReader packets(source);
  bool first = true;
  uint64_t bytes = 0;
  for (;;) {
    const PktReader::Kind kind = packets.next();
    std::string_view line = packets.line();
    bytes += line.size();
    if (bytes > most_bytes ||
        advertisement.refs.size() + advertisement.own_refs.size() > most_branches) {
      throw Error("the server lists more branches than a repository can have");
    }
    if (kind == PktReader::Kind::end) {
      throw Error("the server closed the connection before it listed its branches");
    }
    // Smart HTTP puts a service line and a flush in front (gitprotocol-http).
    if (kind == PktReader::Kind::data && line.starts_with("# service=")) {
      packets.next();
      continue;
    }
    if (kind == PktReader::Kind::flush) break;
    check_for_error(line);
    if (first && line == "version 2") {
      read_version_2(packets, advertisement);
      break;
    }
    if (std::exchange(first, false)) line = take_capabilities(line, advertisement);
    read_ref(line, advertisement);
  }
  return advertisement;
}

}  // namespace git
