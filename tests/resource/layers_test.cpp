#include "resource/layers.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/stalled.hpp"
#include "support/tar_builder.hpp"

using base::cat;
using resource::Layer;

namespace {

std::string tar_of(size_t number) {
  const std::string content(number * 3000, static_cast<char>('a' + number % 26));
  return TarBuilder().file(cat("file-", number), content).finish();
}

Layer layer_of(size_t number) {
  const std::string tar = tar_of(number);
  return {cat("layer ", number), tar.size(), oci::Digest::of(tar),
          [tar] { return std::make_unique<base::MemorySource>(tar); }};
}

std::vector<Layer> layers_up_to(size_t count) {
  std::vector<Layer> layers;
  for (size_t i = 0; i < count; ++i) layers.push_back(layer_of(i));
  return layers;
}

/// The names and sizes of the entries, layer by layer.
std::string read(const std::vector<Layer>& layers) {
  CapturedLog log;
  rootfs::Budget budget({}, 0);
  std::string seen;
  resource::read_layers(layers, budget, log, [&](base::EntrySource& entries) {
    base::Entry entry;
    while (entries.next(entry)) {
      base::drain(entries.data());
      seen += cat(entry.path, "=", entry.size, "\n");
    }
  });
  return seen;
}

}  // namespace

TEST_CASE("layers that are fetched at the same time are used one by one, in their order") {
  std::string expected;
  for (size_t i = 0; i < 40; ++i) expected += cat("file-", i, "=", i * 3000, "\n");
  CHECK(read(layers_up_to(40)) == expected);
}

TEST_CASE("of several broken layers the first is told, even when a later one breaks first") {
  std::vector<Layer> layers = layers_up_to(8);
  std::atomic<bool> later_broke = false;
  layers[2].open = [&]() -> std::unique_ptr<base::ByteSource> {
    later_broke = true;
    throw base::Error("gone");
  };
  layers[1].open = [&]() -> std::unique_ptr<base::ByteSource> {
    // Not for ever, so that layers fetched one by one do not make this hang.
    for (int i = 0; i < 30'000 && !later_broke; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    throw base::Error("gone, too");
  };
  CHECK(message_of([&] { read(layers); }) == "layer 1: gone, too");
  CHECK(later_broke);
}

TEST_CASE("a layer with other bytes than its diff_id says is refused") {
  std::vector<Layer> layers = layers_up_to(3);
  layers[1].open = layers[2].open;
  const std::string message = message_of([&] { read(layers); });
  CHECK(contains(message, "layer 1: "));
  CHECK(contains(message, "digest"));
}

TEST_CASE("whoever cannot use a layer does not wait for those that are stalled") {
  std::vector<Layer> layers = layers_up_to(6);
  for (size_t i = 1; i < layers.size(); ++i) {
    layers[i].open = [] { return std::make_unique<Stalled>(); };
  }
  CapturedLog log;
  rootfs::Budget budget({}, 0);
  const auto refuse = [](base::EntrySource&) { throw base::Error("disk full"); };
  CHECK(message_of([&] { resource::read_layers(layers, budget, log, refuse); }) ==
        "layer 0: disk full");
}

TEST_CASE("a bomb is compared with what came of its layer, not with what its manifest claims") {
  std::vector<Layer> layers = layers_up_to(2);
  layers[1].size = uint64_t{1} << 50;
  CapturedLog log;
  rootfs::Budget budget({}, resource::stored_size(layers));
  budget.add_stream(rootfs::Limits::ratio_from);
  const auto skip = [](base::EntrySource& entries) {
    base::Entry entry;
    while (entries.next(entry)) base::drain(entries.data());
  };
  CHECK(contains(message_of([&] { resource::read_layers(layers, budget, log, skip); }),
                 "source.limits.ratio"));
}
