#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "git/direct_repository.hpp"
#include "git/local_transport.hpp"
#include "git/smart_remote.hpp"

/// How a repository on this machine is reached: by git's programs in the newest protocol, by git's
/// programs as an old server speaks, or by libgit2.
enum class Way { version_2, version_0, direct };

/// A server that knows version 0 only; counts what it is asked.
class CountingTransport : public git::Transport {
 public:
  struct Counts {
    int advertisements = 0;
    int requests = 0;
  };

  CountingTransport(const std::filesystem::path& repository, git::Protocol most, Counts& counts)
      : inner_(git::open_local_transport(repository.string())), most_(most), counts_(counts) {}

  std::unique_ptr<base::ByteSource> advertise(git::Service service,
                                              git::Protocol protocol) override {
    ++counts_.advertisements;
    return inner_->advertise(service, std::min(protocol, most_));
  }
  std::unique_ptr<base::ByteSource> request(git::Service service, git::Protocol protocol,
                                            const git::MakeBody& body) override {
    ++counts_.requests;
    return inner_->request(service, protocol, body);
  }
  bool stateless() const override { return false; }
  std::string finish(git::Service service) override { return inner_->finish(service); }
  void abandon(git::Service service) override { inner_->abandon(service); }

 private:
  std::unique_ptr<git::Transport> inner_;
  git::Protocol most_;
  Counts& counts_;
};

/// A repository opened in one of the ways.
struct OpenRepository {
  OpenRepository(const std::filesystem::path& path, Way way) {
    if (way == Way::direct) {
      remote = git::open_direct_repository(path.string(), log);
    } else {
      const auto most = way == Way::version_2 ? git::Protocol::v2 : git::Protocol::v0;
      remote = std::make_unique<git::SmartRemote>(
          std::make_unique<CountingTransport>(path, most, counts), path.string(), log);
    }
  }
  git::Remote* operator->() { return remote.get(); }

  base::Log log{-1};
  CountingTransport::Counts counts;
  std::unique_ptr<git::Remote> remote;
};
