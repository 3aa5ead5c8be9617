#include "resource/size_limits.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/ssh_transport.hpp"
#include "http/url.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;

constexpr uint64_t mebibyte = 1024ULL * 1024;
constexpr SizeLimits github_limits = {100 * mebibyte, 2048 * mebibyte};
constexpr size_t most_listed = 10;

/// How many bytes a unit stands for; 0 when there is no such unit. "M" alone means either power to
/// somebody, so it is none.
uint64_t factor_of(std::string_view unit) {
  static const std::map<std::string, uint64_t, std::less<>> factors = {
      {"", 1},
      {"b", 1},
      {"kb", 1000},
      {"kib", 1024},
      {"mb", 1000'000},
      {"mib", mebibyte},
      {"gb", 1000'000'000},
      {"gib", 1024 * mebibyte},
      {"tb", 1000'000'000'000},
      {"tib", mebibyte * mebibyte}};
  const auto found = factors.find(base::to_lower(unit));
  return found == factors.end() ? 0 : found->second;
}

/// The server's name; "" for a local path, and for what is refused later as no address.
std::string host_of(const std::string& uri) {
  if (const auto address = git::parse_ssh_address(uri)) return base::to_lower(address->host);
  try {
    return http::Url::parse(uri).host;
  } catch (const Error&) {
    return "";
  }
}

std::string size_text(uint64_t size) {
  if (size > 0 && size % mebibyte == 0) return cat(base::with_commas(size / mebibyte), " MiB");
  return base::human_size(size);
}

/// A plain number; 0 stands for no limit, null or "" for `fallback`.
uint64_t parse_count(const base::JsonView& view, uint64_t fallback) {
  const std::string scalar = view.scalar_text();
  const std::string_view text = base::trim(scalar);
  if (text.empty()) return fallback;
  const auto number = base::parse_number(text);
  if (!number) {
    throw Error(
        cat(view.path(), ": ", base::excerpt(text), " is not a whole number (0: no limit)"));
  }
  return *number == 0 ? no_limit : *number;
}

/// A number of bytes, plain or as text with a unit: "95MB" (powers of 1000), "100MiB" (of 1024). 0
/// stands for no limit, null or "" for `fallback`.
uint64_t parse_size(const base::JsonView& view, uint64_t fallback) {
  const std::string scalar = view.scalar_text();
  const std::string_view text = base::trim(scalar);
  if (text.empty()) return fallback;
  uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<size_t>(end - text.data());
  const uint64_t factor = factor_of(base::trim(text.substr(digits)));
  if (failure != std::errc() || factor == 0 || number > no_limit / factor) {
    throw Error(cat(view.path(), ": ", base::excerpt(text),
                    " is not a size; write a number of bytes, or one with a unit such as 100MiB "
                    "or 95MB"));
  }
  return number == 0 ? no_limit : number * factor;
}

}  // namespace

SizeLimits parse_size_limits(const base::JsonView& git, const std::string& uri) {
  const std::string host = host_of(uri);
  const bool is_github = host == "github.com" || host.ends_with(".github.com");
  const SizeLimits known = is_github ? github_limits : SizeLimits{};
  return {parse_size(git.at("max_file_size"), known.file),
          parse_size(git.at("max_push_size"), known.push),
          parse_size(git.at("lfs").at("threshold"), no_limit)};
}

rootfs::Limits parse_unpack_limits(const base::JsonView& limits) {
  limits.allow_only({"entries", "bytes", "depth", "ratio", "metadata"});
  rootfs::Limits parsed;
  parsed.entries = parse_count(limits.at("entries"), parsed.entries);
  parsed.bytes = parse_size(limits.at("bytes"), parsed.bytes);
  parsed.depth = parse_count(limits.at("depth"), parsed.depth);
  parsed.ratio = parse_count(limits.at("ratio"), parsed.ratio);
  parsed.metadata = parse_size(limits.at("metadata"), parsed.metadata);
  return parsed;
}

bool LimitedSource::next(base::Entry& entry) {
  if (!entries_.next(entry)) {
    if (!too_large_.empty()) refuse();
    return false;
  }
  const bool is_file = entry.kind == base::EntryKind::file;
  if (is_file && entry.size > largest_file_ && !large_.takes(entry)) {
    too_large_.push_back({entry.path, entry.size});
  }
  return true;
}

void LimitedSource::refuse() {
  std::stable_sort(too_large_.begin(), too_large_.end(),
                   [](const File& a, const File& b) { return a.size > b.size; });
  std::string list;
  for (size_t i = 0; i < too_large_.size() && i < most_listed; ++i) {
    const auto& [path, size] = too_large_[i];
    list += cat(i == 0 ? "" : ", ", base::excerpt(path), " (", base::human_size(size), ")");
  }
  if (too_large_.size() > most_listed) {
    list += cat(" and ", base::with_commas(too_large_.size() - most_listed), " more");
  }
  const bool one = too_large_.size() == 1;
  const char* them = one ? "it" : "them";
  throw Error(cat(one ? "a file of the image is" : "files of the image are",
                  " larger than the repository's server takes (source.git.max_file_size: ",
                  size_text(largest_file_), "): ", list, "; nothing was sent. Let git-lfs keep ",
                  them, " (source.git.lfs.threshold), delete ", them,
                  " in the image, publish to another host, or, where the server takes ", them,
                  ", raise source.git.max_file_size (0: no limit)"));
}

}  // namespace resource
