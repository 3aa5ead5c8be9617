#pragma once
#include "git/advertisement.hpp"
#include "git/fetch_commit.hpp"
#include "git/remote.hpp"

namespace git {

/// A repository behind git's own wire protocol: version 2 for reading where the server speaks it
/// (gitprotocol-v2), else and for pushing version 0 (gitprotocol-pack).
class SmartRemote : public Remote {
 public:
  SmartRemote(std::unique_ptr<Transport> transport, std::string name, base::Log& log,
              std::vector<std::string> push_options = {});

  std::vector<Oid> find_history(const std::string& ref, const std::optional<Oid>& since) override;
  void fetch_commit(const Oid& commit, const std::string& ref, ObjectSink& sink) override;
  std::optional<Oid> find_for_pushing(const std::string& ref) override;
  std::vector<std::string> refs_like(std::string_view prefix) override;
  std::optional<Oid> default_tip() override;
  Known find_known(const Oid& tip, const std::function<const Snapshot&()>& hashed) override;
  std::optional<Oid> find_tree(const Oid& commit) override;
  PushReply push(const RefUpdate& update, const std::vector<PackObject>& objects,
                 unsigned threads) override;
  PushReply remove(const std::string& ref, const Oid& old) override;

 private:
  class PackBand;

  PushReply send(const MakeBody& make_body, const std::string& ref);
  /// Side-band packets with the pack of `request`, which is to bring `commit`; null where the
  /// server may give the tip of the branch alone. Errors as of fetch_commit().
  std::unique_ptr<base::ByteSource> ask_for_pack(const Advertisement& upload,
                                                 const PackRequest& request, const Oid& commit,
                                                 const std::string& ref);
  void read_pack(std::unique_ptr<base::ByteSource> packets, const PackRequest& request,
                 const Oid& commit, const std::string& ref, ObjectSink& sink);
  /// Makes `request` one for the branch from its tip down to the commit, with all that lies in
  /// between. Error when the commit is not on it.
  void begin_at_tip(PackRequest& request, const Oid& commit, const std::string& ref);
  /// Asks again after a request for `commit` has failed: not every server says that it lacks it.
  bool may_be_on_branch(const Oid& commit, const std::string& ref);
  Advertisement discover(Service service, Protocol protocol = Protocol::v0);
  BranchHistory read_history(const std::string& ref, const std::optional<Oid>& since);
  /// Runs `action`; an Error that leaves it has the repository's name in front, and behind what the
  /// far side printed to stderr, if `action` does not quote it.
  template <class Action>
  auto telling(Service service, Action&& action) -> decltype(action());
  std::string last_words(Service service);

  std::unique_ptr<Transport> transport_;
  std::string name_;
  base::Log& log_;
  std::vector<std::string> push_options_;
  Advertisement receive_;
};

}  // namespace git
