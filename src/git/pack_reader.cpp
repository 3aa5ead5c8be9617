#include "git/pack_reader.hpp"

#include "base/error.hpp"
#include "git/pack_parser.hpp"

namespace git {
namespace {

using Visit = std::function<bool(ObjectType, const Oid&, std::string_view)>;

class VisitingSink : public ObjectSink {
 public:
  explicit VisitingSink(const Visit& visit) : visit_(visit) {}

  bool stopped() const { return stopped_; }
  void commit(const Oid& id, std::string content) override {
    stopped_ = !visit_(ObjectType::commit, id, content);
  }
  void tree(const Oid& id, std::string content) override {
    stopped_ = !visit_(ObjectType::tree, id, content);
  }
  void blob(const Oid& /*id*/, std::string /*content*/) override { not_asked_for(); }
  std::unique_ptr<LargeBlob> begin_large(uint64_t /*size*/) override { not_asked_for(); }
  std::shared_ptr<const base::Content> read_back(const Oid& /*id*/) override { not_asked_for(); }

 private:
  [[noreturn]] static void not_asked_for() { throw base::Error("blobs were not asked for"); }

  const Visit& visit_;
  bool stopped_ = false;
};

}  // namespace

void read_commits_and_trees(base::ByteSource& pack, const Visit& visit) {
  VisitingSink sink(visit);
  PackParser(pack, sink, Blobs::pass_over).run([&] { return sink.stopped(); });
}

void read_objects(base::ByteSource& pack, ObjectSink& sink) {
  PackParser(pack, sink, Blobs::hand_over).run([] { return false; });
}

}  // namespace git
