#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "rootfs/layer_reader.hpp"
#include "rootfs/tree.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"
#include "support/tar_builder.hpp"
#include "support/tree_listing.hpp"

using Openat2 = base::RootedDir::Openat2;
constexpr Openat2 both_modes[] = {Openat2::probe, Openat2::never};

/// A place to unpack hostile layers in, beside a directory that must stay as it is.
class Stage {
 public:
  explicit Stage(Openat2 mode = Openat2::probe)
      : mode_(mode), log_fd_(::open((scratch_ / "log").c_str(), O_WRONLY | O_CREAT, 0600)) {
    std::filesystem::create_directories(canary() / "etc");
    std::ofstream(canary() / "etc/passwd") << "canary";
    std::ofstream(canary() / "evil") << "canary";
    canary_before_ = list_tree(canary());
  }
  ~Stage() { CHECK(differences(canary_before_, list_tree(canary())).empty()); }

  std::filesystem::path canary() const { return scratch_ / "canary"; }
  std::filesystem::path root() const { return scratch_ / "rootfs"; }
  std::filesystem::path operator/(const std::string& path) const { return root() / path; }

  rootfs::TreeSummary unpack(const std::vector<std::string>& layers) {
    base::Log log(log_fd_.get(), base::Log::Colour::no);
    rootfs::Tree tree(root(), log, mode_);
    for (const std::string& layer : layers) {
      base::MemorySource bytes(layer);
      rootfs::LayerReader reader(bytes);
      tree.apply(reader);
    }
    return tree.finish();
  }

  /// Unpacks layers that must be refused, leaving nothing behind; gives the message.
  std::string refusal(const std::vector<std::string>& layers) {
    const std::string message = message_of([&] { unpack(layers); });
    CHECK(message != "");
    CHECK(!std::filesystem::exists(std::filesystem::symlink_status(root())));
    return message;
  }

  bool exists(const std::string& path) const {
    return std::filesystem::exists(std::filesystem::symlink_status(root() / path));
  }
  std::string content(const std::string& path) const {
    std::ifstream in(root() / path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  ListedEntry entry(const std::string& path) const { return list_entry(root() / path); }
  std::string log() const {
    std::ifstream in(scratch_ / "log");
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }

 private:
  ScratchDir scratch_;
  Openat2 mode_;
  base::UniqueFd log_fd_;
  TreeListing canary_before_;
};
