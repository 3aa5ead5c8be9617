#include <filesystem>
#include <fstream>

#include "resource/put_sources.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace fs = std::filesystem;

namespace {

/// Inputs of a put: `secret`, with an image in each form, and `given`, whose maker may not read it.
class Inputs {
 public:
  Inputs() {
    fs::create_directories(dir_ / "secret/image/rootfs");
    fs::create_directories(dir_ / "secret/oci");
    fs::create_directories(dir_ / "given/real/rootfs");
    fs::create_directories(dir_ / "given/layout");
    for (const char* layout : {"secret/oci", "given/layout"}) {
      for (const char* name : {"oci-layout", "index.json"}) std::ofstream(dir_ / layout / name);
    }
    std::ofstream(dir_ / "secret/image.tar") << "archive";
  }

  void link(const std::string& name, const std::string& target) {
    fs::create_symlink(target, dir_ / "given" / name);
  }
  resource::PutInput find(const std::string& image) const {
    return resource::find_put_input(dir_.path(), image);
  }
  std::string refusal(const std::string& image) const {
    return message_of([&] { find(image); });
  }
  fs::path path() const { return dir_.path(); }

 private:
  ScratchDir dir_;
};

}  // namespace

TEST_CASE("a link in one input does not publish another input") {
  const auto ends = Catch::Matchers::EndsWith("leads out of the input, or cannot be followed");
  Inputs inputs;
  inputs.link("image", "../secret/image");
  inputs.link("all", inputs.path() / "secret");
  inputs.link("x.tar", "../secret/image.tar");
  inputs.link("chain", "all");
  for (const char* image : {"given/image", "given//image/", "./given/image", "given/all",
                            "given/all/image", "given/chain/oci", "given/x.tar"}) {
    INFO(image);
    CHECK_THAT(inputs.refusal(image), ends);
  }
  inputs.link("oci", "../secret/oci");
  CHECK_THAT(inputs.refusal("given"), ends);
}

TEST_CASE("a name does not end at a zero byte in it") {
  const Inputs inputs;
  CHECK(inputs.refusal(std::string("given\0/other", 12)) ==
        "params.image: given\\x00/other is no name: a zero byte is in it");
}

TEST_CASE("a link is not told as a file that is not there") {
  const auto ends = Catch::Matchers::EndsWith("leads out of the input, or cannot be followed");
  Inputs inputs;
  // As nix-build leaves its result.
  inputs.link("result", "/nowhere/store/image.tar.gz");
  CHECK_THAT(inputs.refusal("given/result"), ends);
  fs::create_directory(inputs.path() / "given/built");
  inputs.link("built/image.tar", "../kaniko.tar");
  CHECK_THAT(inputs.refusal("given/built"), ends);
  std::ofstream(inputs.path() / "given/kaniko.tar") << "archive";
  const resource::PutInput input = inputs.find("given/built");
  CHECK(input.kind == resource::PutInput::Kind::archive);
  CHECK(input.path.ends_with("/given/built/image.tar"));
  CHECK(input.beside.ends_with("/given/built"));
  fs::remove(inputs.path() / "given/built/image.tar");
  inputs.link("built/image.tar", "../../secret/image.tar");
  CHECK_THAT(inputs.refusal("given/built"), ends);
}

TEST_CASE("who has skopeo's own form is told how to get a known one") {
  Inputs inputs;
  fs::create_directory(inputs.path() / "given/copied");
  std::ofstream(inputs.path() / "given/copied/version") << "Directory Transport Version: 1.1\n";
  std::ofstream(inputs.path() / "given/copied/manifest.json") << "{}";
  CHECK(inputs.refusal("given/copied") ==
        "params.image: given/copied is in the form dir: of skopeo and podman, which put does not "
        "know; turn it into a layout: skopeo copy dir:SOURCE oci:DIRECTORY");
}

TEST_CASE("a pattern names the one image that it matches, as with registry-image") {
  Inputs inputs;
  const std::string archive = inputs.path() / "secret/image.tar";
  for (const char* pattern :
       {"secret/*.tar", "secret/image.t?r", "s*/image.[t]ar", "./se*/*.tar"}) {
    CAPTURE(pattern);
    const resource::PutInput input = inputs.find(pattern);
    CHECK(input.kind == resource::PutInput::Kind::archive);
    CHECK(fs::equivalent(input.path, archive));
    CHECK(fs::equivalent(input.beside, inputs.path() / "secret"));
  }
  CHECK(inputs.find("given/lay*/").kind == resource::PutInput::Kind::layout);
  CHECK(inputs.refusal("secret/*") ==
        "params.image: secret/* matches 3 names, among them secret/image and secret/image.tar; it "
        "must match one");
  CHECK(inputs.refusal("secret/*.tgz") ==
        "params.image: there is no secret/*.tgz among the inputs; is it the name of an earlier get "
        "or task output?");
}

TEST_CASE("a pattern leads no further than a name") {
  Inputs inputs;
  inputs.link("x.tar", "../secret/image.tar");
  CHECK_THAT(inputs.refusal("given/*.tar"),
             Catch::Matchers::EndsWith("leads out of the input, or cannot be followed"));
  for (const char* pattern :
       {"given/[.][.]/secret/image.tar", "given/.[.]/secret/*.tar", "given/.*/secret/image.tar"}) {
    CAPTURE(pattern);
    CHECK_FALSE(inputs.refusal(pattern).empty());
  }
  // A name that looks like a pattern is that name.
  std::ofstream(inputs.path() / "given/[x].tar") << "archive";
  std::ofstream(inputs.path() / "given/x.tar.gz") << "archive";
  CHECK(inputs.find("given/[x].tar").path.ends_with("/given/[x].tar"));
}

TEST_CASE("links within an input lead to its image") {
  Inputs inputs;
  inputs.link("latest", "real");
  CHECK(inputs.find("given/latest").kind == resource::PutInput::Kind::rootfs);
  inputs.link("oci", "layout");
  CHECK(inputs.find("given").kind == resource::PutInput::Kind::layout);
  // As of a directory of inputs that somebody has put together by hand.
  fs::create_directory_symlink(inputs.path() / "given", inputs.path() / "linked");
  CHECK(inputs.find("linked/latest/").kind == resource::PutInput::Kind::rootfs);
}
