#include "oci/file_set.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/rooted_dir.hpp"
#include "base/text.hpp"

namespace oci {
namespace {

using base::cat;

class DirectoryFiles : public FileSet {
 public:
  explicit DirectoryFiles(const std::string& path) : directory_(base::RootedDir::open(path)) {}

  std::optional<File> find(const std::string& path) const override {
    auto fd = std::make_shared<base::UniqueFd>(directory_.find_file(path));
    if (!*fd) return std::nullopt;
    const uint64_t size = base::file_size(fd->get());
    return File{size, std::make_unique<base::FilePart>(std::move(fd), 0, size, path)};
  }

 private:
  base::RootedDir directory_;
};

}  // namespace

std::unique_ptr<FileSet> files_of_directory(const std::string& path) {
  return std::make_unique<DirectoryFiles>(path);
}

std::optional<std::string> read_document(const FileSet& files, const std::string& path,
                                         size_t limit) {
  const auto file = files.find(path);
  if (!file) return std::nullopt;
  if (file->size > limit) {
    throw base::Error(cat(base::excerpt(path), " has ", base::human_size(file->size),
                          ", more than the limit of ", base::human_size(limit)));
  }
  return base::read_all(*file->data, limit, path);
}

}  // namespace oci
