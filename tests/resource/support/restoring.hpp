#pragma once
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.hpp"
#include "base/run_both.hpp"
#include "resource/restore_image.hpp"
#include "resource/support/commit_objects.hpp"
#include "support/catch.hpp"
#include "support/scratch_dir.hpp"

/// A destination, and the restoring of a commit into it.
class Restoring {
 public:
  explicit Restoring(const git::Oid& commit) : commit_(commit) {
    std::filesystem::create_directory(staging_);
  }

  /// `fetch` hands the objects over; whatever it leaves out does not come.
  template <class Fetch>
  void run(Fetch fetch) {
    git::ObjectStore store(staging_);
    const resource::ImageInCommit image{store, commit_, source_, path_, staging_, limits, log_};
    rootfs::Tree tree(path_ + "/rootfs", log_);
    const auto fetch_all = [&] {
      fetch(store);
      store.complete();
    };
    base::run_both(fetch_all, [&] { resource::restore_rootfs(image, tree); });
    resource::finish_image(image, tree);
  }
  void run(const std::vector<CommitObjects::Object>& objects) {
    run([&](git::ObjectStore& store) {
      for (const auto& object : objects) CommitObjects::hand_over(object, store);
    });
  }

  std::filesystem::path path(const std::string& name) const {
    return std::filesystem::path(path_) / name;
  }
  std::string text(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  unsigned mode(const std::string& name) const {
    struct stat status {};
    REQUIRE(::lstat(path(name).c_str(), &status) == 0);
    return status.st_mode & 07777U;
  }
  /// Until the other thread has made this file; Error when that seems not to happen.
  void wait_for(const std::string& name) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!std::filesystem::exists(path(name))) {
      base::throw_if_cancelled();
      if (std::chrono::steady_clock::now() > end) throw base::Error(name + " was not written");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  rootfs::Limits limits;

 private:
  ScratchDir directory_;
  git::Oid commit_;
  std::string path_ = directory_.path().string();
  std::string staging_ = directory_ / ".incoming";
  resource::GitSource source_;
  base::Log log_{-1};
};

inline constexpr const char* some_metadata = R"({"env":["A=b"]})";

/// A commit of an image without a manifest.
inline git::Oid by_hand(CommitObjects& objects, std::vector<git::TreeEntry> rootfs,
                        std::vector<git::TreeEntry> beside = {}) {
  beside.push_back(objects.directory("rootfs", std::move(rootfs)));
  beside.push_back(objects.file("metadata.json", some_metadata));
  return objects.commit(objects.tree(beside));
}

/// A commit of an image with one.
inline git::Oid published(CommitObjects& objects, std::vector<git::TreeEntry> rootfs,
                          const std::string& manifest) {
  return by_hand(objects, std::move(rootfs),
                 {objects.directory(".rootfs", {objects.file("manifest.mtree", manifest)})});
}

inline rootfs::ManifestEntry listed(std::string path, base::EntryKind kind, uint32_t mode,
                                    uint64_t size = 0) {
  rootfs::ManifestEntry line;
  line.entry.path = std::move(path);
  line.entry.kind = kind;
  line.entry.mode = mode;
  line.entry.uid = ::getuid();
  line.entry.gid = ::getgid();
  line.entry.size = size;
  return line;
}

inline rootfs::ManifestEntry listed_file(std::string path, uint64_t size, uint32_t mode = 0644) {
  return listed(std::move(path), base::EntryKind::file, mode, size);
}

inline rootfs::ManifestEntry listed_directory(std::string path, uint32_t mode = 0755) {
  return listed(std::move(path), base::EntryKind::directory, mode);
}
