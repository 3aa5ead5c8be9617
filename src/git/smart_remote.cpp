#include "git/smart_remote.hpp"

#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/read_ahead.hpp"
#include "base/text.hpp"
#include "git/fetch.hpp"
#include "git/fetch_commit.hpp"
#include "git/pack_reader.hpp"
#include "git/pack_source.hpp"
#include "git/patience.hpp"
#include "git/pkt_line.hpp"
#include "git/push_command.hpp"
#include "git/server_words.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

constexpr int most_attempts = 5;  ///< At a branch that moves while it is read.
constexpr size_t read_ahead = 4 * 1024 * 1024;
/// A push of so much may keep its server busy for longer than a moment.
constexpr uint64_t worth_waiting_for = 16 * 1024 * 1024;

/// The command and the pack behind it.
class PushBody : public base::ByteSource {
 public:
  PushBody(std::string command, const std::vector<PackObject>& objects, unsigned threads,
           base::Log& log)
      : command_(std::move(command)), pack_(objects, threads), log_(log) {}

  size_t read(std::span<char> buffer) override {
    size_t count = command_.read(buffer);
    if (count > 0) return count;
    count = pack_.read(buffer);
    sent_ += count;
    if (count > 0) {
      log_.progress(cat("sent ", base::human_size(sent_)));
    } else if (sent_ >= worth_waiting_for && !std::exchange(told_, true)) {
      // Many servers are silent until they have checked and stored all of it.
      log_.info(
          cat("sent all, ", base::human_size(sent_), "; waiting for the server to take it in"));
    }
    return count;
  }

 private:
  base::MemorySource command_;
  PackSource pack_;
  base::Log& log_;
  uint64_t sent_ = 0;
  bool told_ = false;
};

/// Whether a server refuses to send an object it does not have: in the words of git, of JGit.
bool says_not_there(std::string_view text) {
  return text.find("not our ref") != std::string_view::npos ||
         (text.find("want ") != std::string_view::npos &&
          text.find(" not valid") != std::string_view::npos);
}

bool is_cut(const Error& error) {
  const auto* failure = dynamic_cast<const http::TransportError*>(&error);
  return failure != nullptr && Patience::may_pass(*failure);
}

}  // namespace

SmartRemote::SmartRemote(std::unique_ptr<Transport> transport, std::string name, base::Log& log,
                         std::vector<std::string> push_options)
    : transport_(std::move(transport)),
      name_(std::move(name)),
      log_(log),
      push_options_(std::move(push_options)) {}

template <class Action>
auto SmartRemote::telling(Service service, Action&& action) -> decltype(action()) {
  return base::with_context(name_, [&] {
    try {
      return action();
    } catch (ServerRefusal&) {
      throw;
    } catch (http::TransportError&) {
      throw;  // There is nobody to listen to.
    } catch (Error& error) {
      ServerWords said;
      said.add(last_words(service));
      if (said.text().empty()) throw;
      throw Error(cat(error.what(), "; it said: ", said.text()));
    }
  });
}

std::string SmartRemote::last_words(Service service) {
  try {
    return transport_->finish(service);
  } catch (const Error& error) {
    log_.debug(error.what());
    return "";
  }
}

/// The pack out of side-band packets, read on another thread than the sink of its objects works on,
/// so that what that throws does not pass through telling().
class SmartRemote::PackBand : public base::ByteSource {
 public:
  PackBand(SmartRemote& remote, base::ByteSource& packets)
      : remote_(remote),
        band_(packets, [this](std::string_view text) { remote_.log_.debug(base::trim(text)); }) {}

  size_t read(std::span<char> buffer) override {
    const size_t count = remote_.telling(Service::upload_pack, [&] { return band_.read(buffer); });
    received_ += count;
    remote_.log_.progress(cat("received ", base::human_size(received_)));
    return count;
  }

 private:
  SmartRemote& remote_;
  SideBandSource band_;
  uint64_t received_ = 0;
};

Advertisement SmartRemote::discover(Service service, Protocol protocol) {
  return telling(service,
                 [&] { return read_advertisement(*transport_->advertise(service, protocol)); });
}

std::vector<Oid> SmartRemote::find_history(const std::string& ref,
                                           const std::optional<Oid>& since) {
  return read_history(ref, since).commits;
}

BranchHistory SmartRemote::read_history(const std::string& ref, const std::optional<Oid>& since) {
  const Advertisement upload = discover(Service::upload_pack, Protocol::v2);
  return telling(Service::upload_pack, [&] {
    const auto tip = find_ref(*transport_, upload, ref);
    BranchHistory history;
    if (tip && since && *tip != *since) {
      history = fetch_history(*transport_, upload, *since, *tip, log_);
    } else if (tip) {
      history.commits.push_back(*tip);
    }
    transport_->abandon(Service::upload_pack);
    return history;
  });
}

void SmartRemote::fetch_commit(const Oid& commit, const std::string& ref, ObjectSink& sink) {
  Advertisement upload = discover(Service::upload_pack, Protocol::v2);
  PackRequest request{commit, std::nullopt, 1};
  bool refused = false;
  // The branch may move between two connections.
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    if (refused || !may_want(upload, request.want)) {
      begin_at_tip(request, commit, ref);
      upload = discover(Service::upload_pack, Protocol::v2);
      if (!may_want(upload, request.want)) continue;
    }
    auto packets = ask_for_pack(upload, request, commit, ref);
    refused = packets == nullptr;
    if (refused) continue;
    read_pack(std::move(packets), request, commit, ref, sink);
    transport_->abandon(Service::upload_pack);
    return;
  }
  throw Error(cat(name_, ": the branch moves on faster than it can be read; try again later"));
}

std::unique_ptr<base::ByteSource> SmartRemote::ask_for_pack(const Advertisement& upload,
                                                            const PackRequest& request,
                                                            const Oid& commit,
                                                            const std::string& ref) {
  try {
    return telling(Service::upload_pack,
                   [&] { return request_pack(*transport_, upload, request).packets; });
  } catch (const Error& error) {
    // A question over HTTP was asked again already.
    if (!transport_->stateless() && is_cut(error)) throw FetchBroken(error.what());
    const bool not_there = says_not_there(error.what());
    // Some servers give tips only in version 2 as well, where none says so before.
    if (not_there && upload.protocol == Protocol::v2) {
      log_.debug(cat(error.what(), "; asking from the tip of the branch"));
      return nullptr;
    }
    const bool lacks_commit = not_there && request.want == commit;
    if (!lacks_commit && may_be_on_branch(commit, ref)) throw;
    throw Error(cat(name_, ": ", not_on_branch(commit, ref), " (", error.what(), ')'));
  }
}

void SmartRemote::read_pack(std::unique_ptr<base::ByteSource> packets, const PackRequest& request,
                            const Oid& commit, const std::string& ref, ObjectSink& sink) {
  try {
    base::ReadAhead pack([&] { return std::make_unique<PackBand>(*this, *packets); }, read_ahead);
    read_objects(pack, sink);
  } catch (const Error& error) {
    const bool ended = dynamic_cast<const ClosedEarly*>(&error) != nullptr;
    if (ended || is_cut(error)) throw FetchBroken(error.what());
    if (request.want != commit || !says_not_there(error.what())) throw;
    throw Error(cat(name_, ": ", not_on_branch(commit, ref), " (", error.what(), ')'));
  }
}

void SmartRemote::begin_at_tip(PackRequest& request, const Oid& commit, const std::string& ref) {
  const BranchHistory history = read_history(ref, commit);
  if (history.commits.empty() || history.commits.front() != commit) {
    throw Error(cat(name_, ": ", not_on_branch(commit, ref)));
  }
  request.want = history.commits.back();
  request.depth = static_cast<unsigned>(history.depth);
}

bool SmartRemote::may_be_on_branch(const Oid& commit, const std::string& ref) {
  try {
    const std::vector<Oid> history = find_history(ref, commit);
    return !history.empty() && history.front() == commit;
  } catch (const Error& error) {
    log_.debug(error.what());
    return true;
  }
}

std::optional<Oid> SmartRemote::find_for_pushing(const std::string& ref) {
  receive_ = discover(Service::receive_pack);
  if (!push_options_.empty() && !receive_.can("push-options")) {
    throw Error(cat(name_,
                    ": the server takes no push options; leave out params.push_options, or "
                    "have it take them (receive.advertisePushOptions)"));
  }
  return receive_.find(ref);
}

std::vector<std::string> SmartRemote::refs_like(std::string_view prefix) {
  std::vector<std::string> found;
  for (const auto* refs : {&receive_.refs, &receive_.own_refs}) {
    for (auto at = refs->lower_bound(std::string(prefix));
         at != refs->end() && at->first.starts_with(prefix); ++at) {
      found.push_back(at->first);
    }
  }
  return found;
}

std::optional<Oid> SmartRemote::default_tip() {
  if (const auto head = receive_.find(receive_.head)) return head;
  if (receive_.refs.empty()) return std::nullopt;
  return receive_.refs.begin()->second;
}

Known SmartRemote::find_known(const Oid& tip, const std::function<const Snapshot&()>& hashed) {
  bool hashing_failed = false;
  const auto watched = [&]() -> const Snapshot& {
    hashing_failed = true;
    const Snapshot& snapshot = hashed();
    hashing_failed = false;
    return snapshot;
  };
  try {
    const Advertisement upload = discover(Service::upload_pack);
    Known known = find_known_objects(*transport_, upload, tip, watched, log_);
    transport_->abandon(Service::upload_pack);
    return known;
  } catch (const Error& error) {
    if (hashing_failed) throw;
    throw CannotAsk(error.what());
  }
}

std::optional<Oid> SmartRemote::find_tree(const Oid& commit) {
  const Advertisement upload = discover(Service::upload_pack);
  const auto tree = fetch_tree_of(*transport_, upload, {commit, std::nullopt, 1}, log_);
  transport_->abandon(Service::upload_pack);
  return tree;
}

PushReply SmartRemote::push(const RefUpdate& update, const std::vector<PackObject>& objects,
                            unsigned threads) {
  const std::string command = push_command(receive_, update, push_options_);
  return send([&] { return std::make_unique<PushBody>(command, objects, threads, log_); },
              update.ref);
}

PushReply SmartRemote::remove(const std::string& ref, const Oid& old) {
  if (!receive_.can("delete-refs")) return {false, "the server lets nobody delete refs"};
  const std::string command = push_command(receive_, {ref, old, Oid{}}, push_options_);
  return send([&] { return std::make_unique<base::MemorySource>(command); }, ref);
}

PushReply SmartRemote::send(const MakeBody& make_body, const std::string& ref) {
  return base::with_context(name_,
                            [&] { return send_push(*transport_, receive_, make_body, ref, log_); });
}

}  // namespace git
