#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "oci/stored_image.hpp"
#include "support/captured_log.hpp"
#include "support/message_of.hpp"

/// The files of an image, in memory.
class Files : public oci::FileSet {
 public:
  std::optional<File> find(const std::string& path) const override {
    const auto found = files_.find(path);
    if (found == files_.end()) return std::nullopt;
    return File{found->second.size(), std::make_unique<base::MemorySource>(found->second)};
  }
  std::string& operator[](const std::string& path) { return files_[path]; }
  void remove(const std::string& path) { files_.erase(path); }

 private:
  std::map<std::string, std::string> files_;
};

inline std::string config_of(const std::string& layer, const std::string& architecture = "amd64") {
  return base::cat(R"({"os":"linux","architecture":")", architecture,
                   R"(","config":{"User":"me"},"rootfs":{"type":"layers","diff_ids":[")",
                   oci::Digest::of(layer).text(), "\"]}}");
}

inline oci::StoredChoice amd64(const std::string& tag = "", std::optional<oci::Digest> digest = {},
                               const std::string& repository = "") {
  return {{"linux", "amd64", ""}, repository, tag, std::move(digest)};
}

inline oci::StoredImage find(const std::shared_ptr<Files>& files,
                             const oci::StoredChoice& choice = amd64()) {
  CapturedLog log;
  return oci::find_stored_image(files, choice, log);
}

inline std::string refusal_of(const std::shared_ptr<Files>& files,
                              const oci::StoredChoice& choice = amd64()) {
  return message_of([&] { find(files, choice); });
}

inline std::string text_of(const oci::StoredLayer& layer) {
  return base::read_all(*layer.open(), 1000, "the layer");
}
