#include "oci/find_image.hpp"

#include <map>

#include "base/text.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

using base::cat;
using oci::Digest;

constexpr const char* index_type = "application/vnd.oci.image.index.v1+json";
constexpr const char* config_type = "application/vnd.oci.image.config.v1+json";
constexpr const char* layer_type = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr const char* signature_type = "application/vnd.dev.cosign.simplesigning.v1+json";

const oci::Platform amd64{"linux", "amd64", ""};

class Gone : public base::Error {
 public:
  using base::Error::Error;
};

/// Documents in memory, and how many of them were asked for.
class Store : public oci::ImageStore {
 public:
  Digest add(const std::string& bytes) {
    documents_[Digest::of(bytes)] = bytes;
    return Digest::of(bytes);
  }
  void remove(const Digest& digest) { documents_.erase(digest); }

  Digest image(const std::string& architecture, const std::string& more = R"("os":"linux")",
               const char* layer = layer_type) {
    const std::string config =
        cat(R"({"architecture":")", architecture, "\",", more,
            R"(,"rootfs":{"type":"layers","diff_ids":[")", Digest::of("layer").text(), "\"]}}");
    return manifest(config, layer);
  }
  Digest manifest(const std::string& config, const char* layer = layer_type) {
    return add(cat(R"({"schemaVersion":2,"config":)",
                   entry(add(config), config_type, config.size()), R"(,"layers":[)",
                   entry(Digest::of("layer"), layer), "]}"));
  }
  Digest index(const std::vector<std::string>& entries) {
    std::string list;
    for (const std::string& one : entries) list += cat(list.empty() ? "" : ",", one);
    return add(cat(R"({"schemaVersion":2,"manifests":[)", list, "]}"));
  }
  static std::string entry(const Digest& digest, std::string_view type = "", size_t size = 5,
                           std::string_view platform = "") {
    return cat(R"({"digest":")", digest.text(), R"(","size":)", size, R"(,"mediaType":")", type,
               "\"", platform.empty() ? "" : R"(,"platform":)", platform, "}");
  }

  oci::Document fetch(const Digest& digest) override {
    ++fetched;
    return {"", bytes_of(digest), digest};
  }
  std::unique_ptr<base::ByteSource> open_blob(const oci::Descriptor& descriptor) override {
    return std::make_unique<base::MemorySource>(bytes_of(descriptor.digest));
  }
  Failure judge(const base::Error& error) const override {
    return dynamic_cast<const Gone*>(&error) != nullptr ? meaning_of_gone : Failure::document;
  }

  oci::Image find(const Digest& start) {
    return oci::find_image(*this, {"", bytes_of(start), start}, amd64, log);
  }
  std::string created(const Digest& start) {
    return oci::find_created(*this, {"", bytes_of(start), start}, amd64);
  }
  std::string refusal(const Digest& start) {
    return message_of([&] { find(start); });
  }

  CapturedLog log;
  size_t fetched = 0;
  Failure meaning_of_gone = Failure::everything;

 private:
  const std::string& bytes_of(const Digest& digest) const {
    const auto found = documents_.find(digest);
    if (found == documents_.end()) throw Gone("gone");
    return found->second;
  }

  std::map<Digest, std::string> documents_;
};

}  // namespace

TEST_CASE("indexes that name each other over and over do not make requests without end") {
  Store store;
  Digest top = store.image("arm64");
  for (int depth = 0; depth < 3; ++depth) {
    top = store.index(std::vector<std::string>(20, Store::entry(top, index_type)));
  }
  CHECK(contains(store.refusal(top), "labelled"));
  CHECK(store.fetched == 3);
}

TEST_CASE("an index of endless documents is not followed to its end") {
  Store store;
  std::vector<std::string> entries;
  for (int i = 0; i < 1200; ++i) {
    const Digest other = store.image("arm64", cat(R"("os":"linux","author":")", i, "\""));
    entries.push_back(Store::entry(other));
  }
  // What is nested is left as a whole, too.
  const Digest top = store.index({Store::entry(store.index(entries), index_type),
                                  Store::entry(store.image("amd64"), index_type)});
  CHECK(contains(store.refusal(top), "lead to more than 1,000 documents"));
  CHECK(store.fetched == 1000);
}

TEST_CASE("an empty platform does not bring the image for another processor") {
  const std::string platform =
      GENERATE("", "{}", R"({"architecture":"","os":""})", R"({"os":"linux"})");
  CAPTURE(platform);
  Store store;
  const Digest right = store.image("amd64");
  const Digest index = store.index(
      {Store::entry(store.image("arm64"), "", 5, platform), Store::entry(right, "", 5, platform)});
  CHECK(store.find(index).manifest_digest == right);
  CHECK(store.log.text().empty());
}

TEST_CASE("an empty platform does not let an artifact hide the image behind it") {
  Store store;
  const Digest right = store.image("amd64");
  const Digest signature = store.image("", R"("os":"")", signature_type);
  const Digest index =
      store.index({Store::entry(signature, "", 5, "{}"), Store::entry(right, "", 5, "{}")});
  CHECK(store.find(index).manifest_digest == right);
}

TEST_CASE("an image of another system, or one that is damaged, still has an age") {
  Store store;
  CHECK(store.created(store.image("amd64", R"("os":"linux","created":"2020")")) == "2020");
  CHECK(store.created(store.image("amd64", R"("os":"windows","created":"2020")")) == "2020");
  CHECK(store.created(store.manifest(R"({"created":"2020"})")) == "2020");
  CHECK(store.created(store.image("arm64", R"("os":"linux","created":"2020")")) == "2020");
  const Digest index =
      store.index({Store::entry(store.image("arm64", R"("os":"linux","created":"2020")")),
                   Store::entry(store.image("amd64", R"("os":"linux","created":"2021")"))});
  CHECK(store.created(index) == "2021");
  CHECK(store.log.text().empty());
}

TEST_CASE("what is no image here has no age, and is no failure either") {
  Store store;
  CHECK(store.created(store.image("", R"("os":"","created":"2020")", signature_type)).empty());
  CHECK(store.created(store.image("amd64")).empty());
  CHECK(store.created(store.manifest("[]")).empty());
  CHECK(store.created(store.manifest("no JSON")).empty());
  CHECK(store.created(store.manifest(R"({"created":2020})")).empty());
  CHECK(store.created(store.add(R"({"schemaVersion":1})")).empty());
  CHECK(store.created(store.add("{}")).empty());
  CHECK(store.created(store.index({})).empty());
  const Digest image = store.image("amd64", R"("os":"windows","created":"2020")");
  CHECK(store
            .created(store.index(
                {Store::entry(image, "", 5, R"({"os":"windows","architecture":"amd64"})")}))
            .empty());
  CHECK(store.created(store.index({Store::entry(store.add("{}"))})).empty());
}

TEST_CASE("a tag that lost its configuration does not keep the others from being sorted") {
  Store store;
  store.meaning_of_gone = oci::ImageStore::Failure::absent;
  const std::string config = R"({"created":"2020"})";
  const Digest image = store.manifest(config);
  store.remove(Digest::of(config));
  CHECK(store.created(image).empty());
  CHECK(store.created(store.index({Store::entry(image)})).empty());
}

TEST_CASE("a registry that fails is not taken for an image without an age") {
  Store store;
  const std::string config = R"({"created":"2020"})";
  const Digest image = store.manifest(config);
  const Digest index = store.index({Store::entry(image)});
  store.remove(Digest::of(config));
  CHECK(contains(message_of([&] { store.created(image); }), "gone"));
  CHECK(contains(message_of([&] { store.created(index); }), "gone"));
  store.remove(image);
  CHECK(contains(message_of([&] { store.created(index); }), "gone"));
}
