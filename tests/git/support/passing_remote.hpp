#pragma once
#include <memory>

#include "git/remote.hpp"

/// Hands every call on to another remote; a test overrides the one that it is about.
class PassingRemote : public git::Remote {
 public:
  explicit PassingRemote(std::unique_ptr<git::Remote> inner) : inner_(std::move(inner)) {}

  std::vector<git::Oid> find_history(const std::string& ref,
                                     const std::optional<git::Oid>& since) override {
    return inner_->find_history(ref, since);
  }
  void fetch_commit(const git::Oid& commit, const std::string& ref,
                    git::ObjectSink& sink) override {
    inner_->fetch_commit(commit, ref, sink);
  }
  std::optional<git::Oid> find_for_pushing(const std::string& ref) override {
    return inner_->find_for_pushing(ref);
  }
  std::vector<std::string> refs_like(std::string_view prefix) override {
    return inner_->refs_like(prefix);
  }
  std::optional<git::Oid> default_tip() override { return inner_->default_tip(); }
  git::Known find_known(const git::Oid& tip,
                        const std::function<const git::Snapshot&()>& hashed) override {
    return inner_->find_known(tip, hashed);
  }
  std::optional<git::Oid> find_tree(const git::Oid& commit) override {
    return inner_->find_tree(commit);
  }
  git::PushReply push(const git::RefUpdate& update, const std::vector<git::PackObject>& objects,
                      unsigned threads) override {
    return inner_->push(update, objects, threads);
  }
  git::PushReply remove(const std::string& ref, const git::Oid& old) override {
    return inner_->remove(ref, old);
  }

 private:
  std::unique_ptr<git::Remote> inner_;
};
