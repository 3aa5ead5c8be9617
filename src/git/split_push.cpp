#include "git/split_push.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/publish.hpp"
#include "git/push_parts.hpp"
#include "git/upload_refs.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

/// Parts that one tree lists; more of them go into a tree of their own.
constexpr size_t most_parts = 16;
constexpr const char* message =
    "Part of a push that is still going on [skip ci]\n\n"
    "The ref this commit is on may be deleted when no push is going on any more.\n";

/// How long a program that was told to stop may take to delete its ref: a new connection over SSH
/// is eight ways to a far server and back. Concourse waits ten seconds before it kills.
constexpr std::chrono::milliseconds grace{5000};
/// Between looks for a ref that a server may still be making: each is twice as long as the one
/// before, and all of them leave time for the looks themselves.
constexpr std::chrono::milliseconds first_wait{150};
constexpr std::chrono::milliseconds longest_wait{1200};

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

}  // namespace

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
    indivisible_ = largest;
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
  if (name_.empty()) name_ = new_upload_name(request_.time);
  PushReply reply;
  for (const std::string& ref : upload_refs(remote_, name_)) {
    ref_ = ref;
    reply = push({});
    if (reply.accepted) return reply;
    log_.debug(cat(ref_, ": ", reply.reason));
  }
  reply.reason += cat("; a push in parts needs a temporary ref, and the server takes none (", ref_,
                      " was tried last): have it take one, or raise source.git.max_push_size if ",
                      "larger pushes get through");
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
  const OwnObject commit(ObjectType::commit,
                         encode_commit({tree, tip_, request_.author, request_.committer,
                                        request_.time, cat(request_.message_prefix, message)}));
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
