#include "lfs/local_store.hpp"

#include <sys/stat.h>

#include <set>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "lfs/checked_source.hpp"

namespace lfs {
namespace {

using base::cat;

class LocalStore : public Store {
 public:
  explicit LocalStore(std::string directory) : directory_(std::move(directory)) {}

  uint64_t upload(const std::vector<Upload>& uploads) override {
    uint64_t sent = 0;
    for (const Upload& upload : uploads) {
      const Object& object = upload.object;
      if (has(object)) continue;
      base::with_context(base::excerpt(object.path), [&] {
        make_folder_for(object);
        const auto bytes = upload.open();
        CheckedSource checked(object, *bytes);
        base::OutputFile file(path_of(object));
        base::copy_all(checked, file);
        checked.finish();
        file.publish();
      });
      sent += object.size;
    }
    return sent;
  }

  void download(const std::vector<Object>& objects, const Receive& receive) override {
    std::set<std::string> seen;
    for (const Object& object : objects) {
      if (!seen.insert(object.oid).second) continue;
      base::with_context(cat(base::excerpt(object.path), " (kept by git-lfs)"), [&] {
        base::UniqueFd fd = base::open_regular_file(path_of(object));
        if (!fd) throw base::Error(cat(base::printable(path_of(object)), " is missing"));
        base::FileSource bytes(std::move(fd));
        CheckedSource checked(object, bytes);
        receive(object, checked);
        checked.finish();
      });
    }
  }

 private:
  std::string folder_of(const Object& object) const {
    return cat(directory_, "/", object.oid.substr(0, 2), "/", object.oid.substr(2, 2));
  }
  /// Not the repository itself: where that is missing, its path has a mistake.
  void make_folder_for(const Object& object) const {
    base::make_directory(directory_.substr(0, directory_.rfind('/')));
    base::make_directory(directory_);
    base::make_directory(directory_ + '/' + object.oid.substr(0, 2));
    base::make_directory(folder_of(object));
  }
  std::string path_of(const Object& object) const {
    return cat(folder_of(object), "/", object.oid);
  }
  /// A link would count as missing later: downloads do not follow any.
  bool has(const Object& object) const {
    struct stat status {};
    return ::lstat(path_of(object).c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           static_cast<uint64_t>(status.st_size) == object.size;
  }

  std::string directory_;
};

}  // namespace

std::unique_ptr<Store> open_local_store(std::string directory) {
  return std::make_unique<LocalStore>(std::move(directory));
}

}  // namespace lfs
