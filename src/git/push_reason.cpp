#include "git/push_reason.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "base/text.hpp"

namespace git {
namespace {

/// How git, JGit and libgit2 say that objects a push builds on are not there.
constexpr std::array<std::string_view, 4> lack_words = {
    "missing necessary objects", "missing blob", "missing tree", "did not receive expected object"};
/// Those of JGit, which knows of objects in other refs only what makes a pack thin.
constexpr std::array<std::string_view, 2> thin_words = {"missing blob", "missing tree"};
/// How they say that somebody else is changing the branch at this moment.
constexpr std::array<std::string_view, 2> lock_words = {"cannot lock ref", "failed to lock"};
/// How some versions of git, from 2.46 on, say that the same pack comes twice at this moment.
constexpr std::array<std::string_view, 1> twin_words = {"unable to migrate objects"};
/// What either of them may go on with when no further attempt can do better.
constexpr std::array<std::string_view, 3> lasting_words = {"exists; cannot create",
                                                           "permission denied", "no space left"};
/// How servers, and what stands in front of them, say that a push is too large.
constexpr std::array<std::string_view, 5> size_words = {
    "maximum allowed size", "pack exceeds the limit", "size is greater than the", "http 413",
    "larger than the server or its proxy allows"};
/// How JGit, GitHub and others, GitLab and Azure DevOps say that one file is. JGit has no word of
/// which.
constexpr std::array<std::string_view, 4> object_words = {
    "object too large", "file size limit", "blobs which exceed", "byte limit for objects"};
/// What is left of it when a proxy swallows the server's words, or time ends it, or the connection
/// ends under it.
constexpr std::array<std::string_view, 5> cut_words = {
    "http 408", "http 50", "ended without saying", "broke off", "socket error"};

bool says_any(std::string_view text, std::span<const std::string_view> words) {
  const std::string lower = base::to_lower(text);
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace

bool lacks_objects(std::string_view reason) {
  return says_any(reason, lack_words);
}

bool knows_no_parts(std::string_view reason) {
  return says_any(reason, thin_words);
}

bool is_locked(std::string_view reason) {
  return says_any(reason, lock_words) && !says_any(reason, lasting_words);
}

bool is_twin(std::string_view reason) {
  return says_any(reason, twin_words) && !says_any(reason, lasting_words);
}

std::string size_hint(std::string_view reason, bool limited, uint64_t indivisible) {
  if (says_any(reason, object_words)) {
    return "; set source.git.max_file_size to this limit to see which files are larger, and "
           "source.git.lfs to let git-lfs keep them";
  }
  if (says_any(reason, size_words)) {
    if (!limited) {
      return "; set source.git.max_push_size to what the server takes, such as 90MB, and the push "
             "goes in parts";
    }
    const std::string whole =
        indivisible == 0 ? ""
                         : base::cat("; an object of up to ", base::human_size(indivisible),
                                     " cannot be divided: let git-lfs keep such files "
                                     "(source.git.lfs), and if that is not enough");
    return base::cat(whole, whole.empty() ? "; " : ", ",
                     "lower source.git.max_push_size, the most that one push may have");
  }
  if (limited || !says_any(reason, cut_words)) return "";
  return "; where the server limits the size of a push, set source.git.max_push_size";
}

}  // namespace git
