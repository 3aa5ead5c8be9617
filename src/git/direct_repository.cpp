#include "git/direct_repository.hpp"

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <unordered_set>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "git/fetch_commit.hpp"
#include "git/history.hpp"
#include "git/pack_source.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;
using base::Out;

using Repository = base::Handle<git_repository, git_repository_free>;
using Database = base::Handle<git_odb, git_odb_free>;
using Reference = base::Handle<git_reference, git_reference_free>;
using RefIterator = base::Handle<git_reference_iterator, git_reference_iterator_free>;
using Commit = base::Handle<git_commit, git_commit_free>;
using Walk = base::Handle<git_revwalk, git_revwalk_free>;
using Object = base::Handle<git_odb_object, git_odb_object_free>;
void free_writer(git_odb_writepack* writer) {
  writer->free(writer);
}
using PackWriter = base::Handle<git_odb_writepack, free_writer>;

constexpr size_t piece_size = 256 * 1024;
/// Of packs, of which there is one for each push until somebody runs `git gc`; a process may have
/// few files open, and the library then takes objects for missing.
constexpr size_t most_open_packs = 64;

std::string last_error() {
  const git_error* error = git_error_last();
  return error == nullptr || error->message == nullptr ? "unknown error" : error->message;
}

void check(int result, std::string_view doing) {
  if (result < 0) throw Error(cat(doing, ": ", base::printable(last_error())));
}

git_oid to_libgit2(const Oid& id) {
  git_oid raw{};
  git_oid_fromraw(&raw, id.bytes.data());
  return raw;
}

Oid from_libgit2(const git_oid& raw) {
  return Oid::from_raw({reinterpret_cast<const char*>(raw.id), sizeof raw.id});
}

using Ids = std::unordered_set<Oid, OidHash>;

/// The library counts its users.
class Library {
 public:
  Library() { check(git_libgit2_init(), "start libgit2"); }
  ~Library() { git_libgit2_shutdown(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

class DirectRepository : public Remote {
 public:
  DirectRepository(const std::string& path, base::Log& log)
      : name_(base::printable(path)), log_(log) {
    check(git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1), "set up libgit2");
    check(git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, most_open_packs), "set up libgit2");
    // Whose repository it is does not matter: none of its hooks or settings are run.
    check(git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0), "set up libgit2");
    open(path);
    check(git_repository_odb(Out(database_), repository_.get()), cat(name_, ": open the objects"));
  }

  std::vector<Oid> find_history(const std::string& ref, const std::optional<Oid>& since) override {
    const auto tip = find(ref);
    if (!tip) return {};
    if (!since || *since == *tip || !exists(*since)) return {*tip};
    const std::string doing = cat(name_, ": read the history of ", ref);
    if (git_repository_is_shallow(repository_.get()) == 1) return cut_history(*since, *tip);
    const git_oid newest = to_libgit2(*tip);
    const git_oid oldest = to_libgit2(*since);
    Walk walk;
    check(git_revwalk_new(Out(walk), repository_.get()), doing);
    check(git_revwalk_push(walk.get(), &newest), doing);
    // Fails where it is no commit.
    if (git_revwalk_hide(walk.get(), &oldest) != 0) return {*tip};
    History history(*since, *tip);
    git_oid id{};
    int result = 0;
    while ((result = git_revwalk_next(&id, walk.get())) == 0) {
      base::throw_if_cancelled();
      Commit commit;
      check(git_commit_lookup(Out(commit), repository_.get(), &id), doing);
      history.add(from_libgit2(id), parents_of(commit.get()));
    }
    if (result != GIT_ITEROVER) check(result, doing);
    return history.answer();
  }

  void fetch_commit(const Oid& commit, const std::string& ref, ObjectSink& sink) override {
    if (!exists(commit)) throw Error(cat(name_, ": ", not_on_branch(commit, ref)));
    std::string content = read(commit, GIT_OBJECT_COMMIT);
    std::vector<Oid> trees = {tree_of_commit(content)};
    sink.commit(commit, std::move(content));
    Ids seen(trees.begin(), trees.end());
    while (!trees.empty()) {
      const Oid id = trees.back();
      trees.pop_back();
      content = read(id, GIT_OBJECT_TREE);
      const std::vector<TreeEntry> entries = parse_tree(content);
      sink.tree(id, std::move(content));
      for (const TreeEntry& entry : entries) {
        if (entry.mode == mode_gitlink || !seen.insert(entry.id).second) continue;
        if (entry.mode == mode_directory) {
          trees.push_back(entry.id);
        } else {
          hand_over_blob(entry.id, sink);
        }
      }
    }
  }

  std::optional<Oid> find_for_pushing(const std::string& ref) override {
    if (git_repository_is_bare(repository_.get()) == 0) {
      throw Error(cat(name_, ": is not a bare repository; make one with: git init --bare"));
    }
    return find(ref);
  }

  std::vector<std::string> refs_like(std::string_view prefix) override {
    const std::string doing = cat(name_, ": list its refs");
    RefIterator refs;
    check(git_reference_iterator_glob_new(Out(refs), repository_.get(), cat(prefix, '*').c_str()),
          doing);
    std::vector<std::string> found;
    const char* ref = nullptr;
    int result = 0;
    while ((result = git_reference_next_name(&ref, refs.get())) == 0) found.emplace_back(ref);
    if (result != GIT_ITEROVER) check(result, doing);
    return found;
  }

  std::optional<Oid> default_tip() override { return find("HEAD"); }

  Known find_known(const Oid& tip, const std::function<const Snapshot&()>& /*hashed*/) override {
    Known known;
    known.tip_tree = find_tree(tip);
    // What merely exists may be left of something deleted and lack its parts; nobody checks here.
    known.ids.insert(*known.tip_tree);
    std::vector<Oid> trees = {*known.tip_tree};
    while (!trees.empty()) {
      const Oid id = trees.back();
      trees.pop_back();
      for (const TreeEntry& entry : parse_tree(read(id, GIT_OBJECT_TREE))) {
        if (id == known.tip_tree) known.tip_names.push_back(entry.name);
        if (entry.mode == mode_gitlink || !known.ids.insert(entry.id).second) continue;
        if (entry.mode == mode_directory) trees.push_back(entry.id);
      }
    }
    return known;
  }

  std::optional<Oid> find_tree(const Oid& commit) override {
    return tree_of_commit(read(commit, GIT_OBJECT_COMMIT));
  }

  PushReply push(const RefUpdate& update, const std::vector<PackObject>& objects,
                 unsigned threads) override {
    const std::string doing = cat(name_, ": write the pack");
    git_indexer_progress progress{};
    PackWriter writer;
    check(git_odb_write_pack(Out(writer), database_.get(), nullptr, nullptr), doing);
    PackSource pack(objects, threads);
    std::vector<char> buffer(256 * 1024);
    uint64_t written = 0;
    while (const size_t count = pack.read(buffer)) {
      check(writer->append(writer.get(), buffer.data(), count, &progress), doing);
      written += count;
      log_.progress(cat("written ", base::human_size(written)));
    }
    check(writer->commit(writer.get(), &progress), doing);
    return move_branch(update);
  }

  PushReply remove(const std::string& ref, const Oid& old) override {
    Reference found;
    const int result = git_reference_lookup(Out(found), repository_.get(), ref.c_str());
    if (result == 0 && find(ref) == old && git_reference_delete(found.get()) == 0) {
      return {true, ""};
    }
    return {false, base::printable(last_error())};
  }

 private:
  static std::vector<Oid> parents_of(const git_commit* commit) {
    std::vector<Oid> parents;
    for (unsigned i = 0; i < git_commit_parentcount(commit); ++i) {
      parents.push_back(from_libgit2(*git_commit_parent_id(commit, i)));
    }
    return parents;
  }

  /// The library's own walk fails where a parent is not there.
  std::vector<Oid> cut_history(const Oid& since, const Oid& tip) {
    Ids seen;
    visit_commits(since, seen, [](const Oid&, const std::vector<Oid>&) {});
    History history(since, tip);
    visit_commits(tip, seen, [&](const Oid& id, const std::vector<Oid>& parents) {
      history.add(id, parents);
    });
    return history.answer();
  }

  /// Calls `action` for each commit that is there from `start` down, but not for those in `seen`.
  template <class Action>
  void visit_commits(const Oid& start, Ids& seen, Action action) {
    std::vector<Oid> left = {start};
    while (!left.empty()) {
      base::throw_if_cancelled();
      const Oid id = left.back();
      left.pop_back();
      const git_oid raw = to_libgit2(id);
      Commit commit;
      if (!seen.insert(id).second) continue;
      if (git_commit_lookup(Out(commit), repository_.get(), &raw) != 0) continue;
      const std::vector<Oid> parents = parents_of(commit.get());
      action(id, parents);
      left.insert(left.end(), parents.begin(), parents.end());
    }
  }

  void open(const std::string& path) {
    const std::string doing = cat(name_, ": open the repository");
    const int result = git_repository_open_ext(Out(repository_), path.c_str(),
                                               GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
    const std::string reason = result < 0 ? base::to_lower(last_error()) : "";
    if (reason.find("objectformat") != std::string::npos) {
      throw Error(cat(doing,
                      ": it uses another object format, such as sha256; only sha1 repositories are "
                      "supported: make it with git init --bare --object-format=sha1"));
    }
    if (reason.find("refstorage") != std::string::npos) {
      throw Error(
          cat(doing,
              ": it keeps its branches in another format than files, such as reftable; reach it "
              "over HTTP or SSH, or convert it with: git refs migrate --ref-format=files"));
    }
    check(result, doing);
  }

  std::optional<Oid> find(const std::string& ref) {
    git_oid id{};
    const int result = git_reference_name_to_id(&id, repository_.get(), ref.c_str());
    if (result == GIT_ENOTFOUND) return std::nullopt;
    check(result, cat(name_, ": read ", ref));
    return from_libgit2(id);
  }

  bool exists(const Oid& id) {
    const git_oid raw = to_libgit2(id);
    return git_odb_exists(database_.get(), &raw) == 1;
  }

  /// The library compares what it reads with the id.
  Object open(const Oid& id, git_object_t type) {
    base::throw_if_cancelled();
    const git_oid raw = to_libgit2(id);
    Object object;
    check(git_odb_read(Out(object), database_.get(), &raw), cat(name_, ": read ", id.hex()));
    if (git_odb_object_type(object.get()) != type) {
      throw Error(cat(name_, ": ", id.hex(), " is another kind of object than its name says"));
    }
    return object;
  }

  static std::string_view bytes_of(const Object& object) {
    return {static_cast<const char*>(git_odb_object_data(object.get())),
            git_odb_object_size(object.get())};
  }

  std::string read(const Oid& id, git_object_t type) {
    return std::string(bytes_of(open(id, type)));
  }

  void hand_over_blob(const Oid& id, ObjectSink& sink) {
    const Object object = open(id, GIT_OBJECT_BLOB);
    const std::string_view bytes = bytes_of(object);
    if (bytes.size() <= largest_whole_blob) {
      sink.blob(id, std::string(bytes));
      return;
    }
    const auto blob = sink.begin_large(bytes.size());
    for (size_t at = 0; at < bytes.size(); at += piece_size) {
      base::throw_if_cancelled();
      blob->write(bytes.substr(at, piece_size));
    }
    blob->finish(id);
  }

  PushReply move_branch(const RefUpdate& update) {
    const git_oid wanted = to_libgit2(update.wanted);
    const git_oid old = to_libgit2(update.old.value_or(Oid{}));
    Reference moved;
    const int result =
        update.old ? git_reference_create_matching(Out(moved), repository_.get(),
                                                   update.ref.c_str(), &wanted, 1, &old, "push")
                   : git_reference_create(Out(moved), repository_.get(), update.ref.c_str(),
                                          &wanted, 0, "push");
    if (result == 0) return {true, ""};
    return {false, base::printable(last_error())};
  }

  Library library_;
  std::string name_;
  base::Log& log_;
  Repository repository_;
  Database database_;
};

}  // namespace

std::unique_ptr<Remote> open_direct_repository(const std::string& path, base::Log& log) {
  return std::make_unique<DirectRepository>(path, log);
}

}  // namespace git
