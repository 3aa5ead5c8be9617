#include "git/split_push.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <random>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/publish.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

/// Header, checksum, and the commit and the tree that hold a part together.
constexpr uint64_t pack_overhead = 2048;
/// What a part's tree has to say about an object: mode, name and id, none of which compresses.
constexpr uint64_t entry_overhead = 80;
/// Parts that one tree lists; more of them go into a tree of their own.
constexpr size_t most_parts = 16;
constexpr const char* message =
    "Part of a push that is still going on [skip ci]\n\n"
    "The ref this commit is on may be deleted when no push is going on any more.\n";

using ById = std::unordered_map<Oid, const PackObject*, OidHash>;

/// The trees of `objects`, each behind those it names.
std::vector<PackObject> children_first(const std::vector<PackObject>& objects) {
  ById open;
  for (const PackObject& object : objects) {
    if (object.type == ObjectType::tree) open.emplace(object.id, &object);
  }
  struct Step {
    const PackObject* tree;
    bool children_done;
  };
  std::vector<PackObject> ordered;
  std::vector<Step> steps;
  for (const PackObject& object : objects) {
    if (open.contains(object.id)) steps.push_back({&object, false});
    while (!steps.empty()) {
      base::throw_if_cancelled();
      const Step step = steps.back();
      steps.pop_back();
      if (step.children_done) {
        ordered.push_back(*step.tree);
        continue;
      }
      if (open.erase(step.tree->id) == 0) continue;
      steps.push_back({step.tree, true});
      for (const TreeEntry& entry : parse_tree(step.tree->bytes)) {
        const auto child = open.find(entry.id);
        if (child != open.end()) steps.push_back({child->second, false});
      }
    }
  }
  return ordered;
}

uint64_t size_in_part(const PackObject& object) {
  return packed_at_most(object) + entry_overhead;
}

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
/// How long a program that was told to stop may take to delete its ref: a new connection over SSH
/// is eight ways to a far server and back. Concourse waits ten seconds before it kills.
constexpr std::chrono::milliseconds grace{5000};
/// Between looks for a ref that a server may still be making: each is twice as long as the one
/// before, and all of them leave time for the looks themselves.
constexpr std::chrono::milliseconds first_wait{150};
constexpr std::chrono::milliseconds longest_wait{1200};

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

std::string random_name() {
  std::random_device source;
  std::uniform_int_distribution<int> byte(0, 255);
  std::string bytes(8, '\0');
  for (char& one : bytes) one = static_cast<char>(byte(source));
  return base::to_hex(bytes);
}

/// An object made here, and what holds its text.
struct OwnObject {
  OwnObject(ObjectType type, std::string content) : type_(type), content_(std::move(content)) {
    base::Hasher hasher(base::HashAlgorithm::sha1);
    id_ = object_id(hasher, type, content_);
  }
  const Oid& id() const { return id_; }
  PackObject object() const { return {id_, type_, content_.size(), content_, nullptr}; }

 private:
  ObjectType type_;
  std::string content_;
  Oid id_;
};

std::vector<std::string> stale_uploads(Remote& remote, std::string_view oldest) {
  std::vector<std::string> stale;
  for (const std::string_view place : places) {
    for (std::string& ref : remote.refs_like(place)) {
      const std::string_view made =
          std::string_view(ref).substr(place.size()).substr(0, oldest.size());
      if (is_time_text(made) && made < oldest) stale.push_back(std::move(ref));
    }
  }
  if (stale.size() > most_removals) stale.resize(most_removals);
  return stale;
}

}  // namespace

void remove_stale_uploads(Remote& remote, const PublishRequest& request, base::Log& log) {
  try {
    const std::string oldest = time_text(request.time - day);
    for (const std::string& ref : stale_uploads(remote, oldest)) {
      const auto now = remote.find_for_pushing(ref);
      if (!now) continue;
      const PushReply reply = remote.remove(ref, *now);
      log.info(cat(base::excerpt(ref), ", left over from a put that was killed: ",
                   reply.accepted ? "deleted" : reply.reason));
    }
  } catch (const Error& error) {
    log.warn(cat("could not delete what killed puts have left over: ", error.what()));
  }
}

uint64_t packed_at_most(const PackObject& object) {
  if (object.packed != nullptr) return object.packed->packed_size();
  // Data that does not compress is stored in blocks, each with a few bytes of its own.
  return object.size + object.size / 512 + 64;
}

std::vector<std::vector<PackObject>> split_objects(const std::vector<PackObject>& objects,
                                                   uint64_t limit) {
  std::vector<PackObject> ordered;
  for (const PackObject& object : objects) {
    if (object.type == ObjectType::blob) ordered.push_back(object);
  }
  for (const PackObject& tree : children_first(objects)) ordered.push_back(tree);
  std::vector<std::vector<PackObject>> parts;
  uint64_t room = 0;
  for (const PackObject& object : ordered) {
    const uint64_t size = size_in_part(object);
    if (parts.empty() || size > room) {
      parts.emplace_back();
      room = limit - std::min(limit, pack_overhead);
    }
    parts.back().push_back(object);
    room -= std::min(room, size);
  }
  return parts;
}

PushReply Uploads::send(std::vector<PackObject>& objects) {
  std::erase_if(objects, [&](const PackObject& object) { return sent_.contains(object.id); });
  uint64_t total = pack_overhead;
  uint64_t largest = 0;
  for (const PackObject& object : objects) {
    const uint64_t size = size_in_part(object);
    total += size;
    largest = std::max(largest, size);
  }
  if (total <= request_.max_push_size) return {true, ""};
  auto parts = split_objects(objects, request_.max_push_size);
  std::erase_if(objects,
                [](const PackObject& object) { return object.type != ObjectType::commit; });
  // What comes last goes with the branch.
  if (!parts.empty()) {
    objects.insert(objects.end(), parts.back().begin(), parts.back().end());
    parts.pop_back();
  }
  log_.info(cat("the push may be larger than source.git.max_push_size (",
                base::human_size(request_.max_push_size), "), so it goes in ", parts.size() + 1,
                " parts"));
  if (largest + pack_overhead > request_.max_push_size) {
    log_.warn(cat("one of them has an object of up to ", base::human_size(largest),
                  ", which cannot be divided; if the server refuses it, see source.git.lfs"));
  }
  for (const auto& part : parts) {
    if (!last_part_) {
      if (PushReply reply = open(); !reply.accepted) return reply;
    }
    if (PushReply reply = push(part); !reply.accepted) return reply;
  }
  return {true, ""};
}

PushReply Uploads::open() {
  // A commit without files costs little to find out whether the server takes such a ref.
  if (name_.empty()) name_ = cat(time_text(request_.time), '-', random_name());
  const bool has_branches = !remote_.refs_like("refs/heads/").empty();
  PushReply reply;
  for (const std::string_view place : places) {
    if (place == tags && has_branches) continue;
    ref_ = cat(place, name_);
    reply = push({});
    if (reply.accepted) return reply;
    log_.debug(cat(ref_, ": ", reply.reason));
  }
  return reply;
}

PushReply Uploads::push(const std::vector<PackObject>& part) {
  // The reply to an earlier push may have been lost; not every server shows such a ref.
  if (const auto now = remote_.find_for_pushing(ref_)) tip_ = now;
  // The tip's tree has all parts: see lean_on_parts(). Each is in it once, for whoever lists it.
  std::vector<TreeEntry> parts = parts_;
  std::vector<OwnObject> own;
  const auto add_tree = [&](std::vector<TreeEntry> entries) {
    own.emplace_back(ObjectType::tree, encode_tree(std::move(entries)));
    return own.back().id();
  };
  const auto list = [&](std::vector<TreeEntry> entries) {
    const Oid tree = add_tree(std::move(entries));
    parts.push_back({mode_directory, cat("part-", parts.size()), tree});
  };
  if (parts.size() == most_parts) list(std::exchange(parts, {}));
  if (!part.empty()) {
    std::vector<TreeEntry> entries;
    for (const PackObject& object : part) {
      const bool is_tree = object.type == ObjectType::tree;
      entries.push_back({is_tree ? mode_directory : mode_file, object.id.hex(), object.id});
    }
    list(std::move(entries));
  }
  const Oid tree = add_tree(parts);
  const OwnObject commit(
      ObjectType::commit,
      encode_commit({tree, tip_, request_.author, request_.committer, request_.time, message}));
  std::vector<PackObject> objects = {commit.object()};
  for (const OwnObject& object : own) objects.push_back(object.object());
  objects.insert(objects.end(), part.begin(), part.end());
  pushing_ = true;
  PushReply reply = remote_.push({ref_, tip_, commit.id()}, objects, request_.threads);
  pushing_ = false;
  if (!reply.accepted) return reply;
  tip_ = last_part_ = commit.id();
  last_part_size_ = commit.object().size;
  for (const PackObject& object : part) sent_.insert(object.id);
  parts_ = std::move(parts);
  return reply;
}

void Uploads::lean_on_parts(PackObject& commit) {
  if (!last_part_) return;
  // JGit that checks what a push refers to (as Gerrit does unless it is told not to) looks into the
  // trees of other refs' tips only when the pack is thin.
  thin_ = std::make_unique<ThinCommit>(commit.id, commit.bytes, *last_part_, last_part_size_);
  commit.packed = thin_.get();
}

void Uploads::remove() noexcept {
  if (ref_.empty()) return;
  try {
    std::string reason;
    try {
      const base::GraceScope scope(grace);
      reason = try_to_remove();
    } catch (const Error& error) {
      reason = error.what();
    } catch (const base::Cancelled&) {
      reason = "interrupted";
    }
    if (reason.empty()) return;
    log_.warn(cat("could not delete the temporary ref ", ref_,
                  ", which is safe to delete by hand: ", reason));
  } catch (...) {
    // There is no way left to say it.
    return;
  }
}

std::string Uploads::try_to_remove() {
  std::string reason;
  for (auto wait = first_wait;; wait *= 2) {
    if (const auto now = remote_.find_for_pushing(ref_)) tip_ = now;
    if (tip_) {
      const PushReply reply = remote_.remove(ref_, *tip_);
      if (reply.accepted) return "";
      reason = reply.reason;
    }
    // A push that was broken off may still make the ref, or move it while it is being deleted.
    if (!pushing_) return reason;
    if (wait > longest_wait) {
      const bool broken_off = !tip_ && base::cancel_signal() != 0;
      return broken_off ? "the server may still be making it" : reason;
    }
    base::throw_if_cancelled();
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace git
