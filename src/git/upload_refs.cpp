#include "git/upload_refs.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <random>

#include "base/error.hpp"
#include "base/text.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

/// In which places on a server the parts may be. Outside refs/heads nothing is built, shown or made
/// the default branch; not every server takes such a ref. A tag is for repositories without a
/// branch: hosts make the first one the default, and let nobody delete that.
constexpr std::string_view tags = "refs/tags/rootfs-git-resource-upload-";
constexpr std::array<std::string_view, 3> places = {"refs/rootfs-git-resource/upload-", tags,
                                                    "refs/heads/rootfs-git-resource-upload-"};
/// Nobody pushes for so long.
constexpr int64_t day = 24 * 60 * 60;
/// What is left over is rare; a server full of it must not hold a put up.
constexpr size_t most_removals = 20;

/// Such that texts are ordered as times are.
std::string time_text(int64_t time) {
  const std::time_t seconds = time;
  std::tm parts{};
  std::array<char, 32> text{};
  if (::gmtime_r(&seconds, &parts) == nullptr) throw Error("the clock shows an impossible time");
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

bool is_time_text(std::string_view text) {
  constexpr std::string_view form = "00000000T000000Z";
  return std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char c, char like) {
    return like == '0' ? c >= '0' && c <= '9' : c == like;
  });
}

std::string random_text() {
  std::random_device source;
  std::uniform_int_distribution<int> byte(0, 255);
  std::string bytes(8, '\0');
  for (char& one : bytes) one = static_cast<char>(byte(source));
  return base::to_hex(bytes);
}

std::vector<std::string> stale_uploads(Remote& remote, std::string_view oldest) {
  std::vector<std::string> stale;
  for (const std::string_view place : places) {
    for (std::string& ref : remote.refs_like(place)) {
      const std::string_view made =
          std::string_view(ref).substr(place.size()).substr(0, oldest.size());
      if (is_time_text(made) && made < oldest) stale.push_back(std::move(ref));
    }
  }
  return stale;
}

}  // namespace

std::string new_upload_name(int64_t time) {
  return cat(time_text(time), '-', random_text());
}

std::vector<std::string> upload_refs(Remote& remote, std::string_view name) {
  const bool has_branches = !remote.refs_like("refs/heads/").empty();
  std::vector<std::string> refs;
  for (const std::string_view place : places) {
    if (place != tags || !has_branches) refs.push_back(cat(place, name));
  }
  return refs;
}

void remove_stale_uploads(Remote& remote, int64_t time, base::Log& log) {
  try {
    const std::string oldest = time_text(time - day);
    const std::vector<std::string> stale = stale_uploads(remote, oldest);
    for (size_t i = 0; i < std::min(stale.size(), most_removals); ++i) {
      const auto now = remote.find_for_pushing(stale[i]);
      if (!now) continue;
      const PushReply reply = remote.remove(stale[i], *now);
      const std::string what =
          cat(base::excerpt(stale[i]), ", left over from a put that was killed: ");
      if (!reply.accepted) {
        // Who lets nobody delete this one lets nobody delete the next, in every put to come.
        const size_t more = stale.size() - i - 1;
        log.info(cat(what, reply.reason, "; it is safe to delete by hand",
                     more == 0 ? "" : cat(", as well as ", more, " more of its kind")));
        return;
      }
      log.info(cat(what, "deleted"));
    }
  } catch (const Error& error) {
    log.warn(cat("could not delete what killed puts have left over: ", error.what()));
  }
}

}  // namespace git
