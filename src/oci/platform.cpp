#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "oci/image.hpp"
#include "oci/media_type.hpp"

namespace oci {
namespace {

using base::cat;

/// What stands around the version in the variants that the image specification lists.
struct VariantForm {
  std::string_view before, after;
};
constexpr std::array variant_forms{VariantForm{"v", ""}, VariantForm{"power", ""},
                                   VariantForm{"rva", "u64"}};

/// The variant "v8.2" as {8, 2}, "power9" as {9, 0}, "rva22u64" as {22, 0}; nothing for other
/// texts.
std::optional<std::pair<unsigned, unsigned>> version_of(std::string_view variant) {
  const auto form =
      std::find_if(variant_forms.begin(), variant_forms.end(), [&](const VariantForm& each) {
        return variant.size() > each.before.size() + each.after.size() &&
               variant.starts_with(each.before) && variant.ends_with(each.after);
      });
  if (form == variant_forms.end()) return std::nullopt;
  variant.remove_prefix(form->before.size());
  variant.remove_suffix(form->after.size());
  std::array<unsigned, 2> numbers{};
  const std::vector<std::string_view> parts = base::split(variant, '.');
  if (parts.size() > numbers.size()) return std::nullopt;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty() || parts[i].size() > 3) return std::nullopt;
    for (const char c : parts[i]) {
      if (c < '0' || c > '9') return std::nullopt;
      numbers[i] = numbers[i] * 10 + static_cast<unsigned>(c - '0');
    }
  }
  return std::pair(numbers[0], numbers[1]);
}

bool is_index(const Descriptor& entry) {
  return kind_of_media_type(entry.media_type) == DocumentKind::index;
}

std::string list_platforms(const Index& index) {
  std::set<std::string> names;
  std::string joined;
  for (const Descriptor& entry : index.manifests) {
    if (joined.size() > base::sentence_limit) break;
    if (!is_runnable(entry) || !entry.names_platform()) continue;
    const auto [name, is_new] = names.insert(entry.platform->text());
    if (is_new) base::append_item(joined, ", ", *name);
  }
  return base::excerpt(joined, base::sentence_limit);
}

/// The end of a sentence about what an index has.
std::string left_out(const Index& index) {
  if (index.unknown_digests.empty()) return "";
  return cat("; left out is ", base::excerpt(index.unknown_digests.front()),
             index.unknown_digests.size() > 1 ? " and others" : "",
             ", a digest of a kind that is not known here");
}

}  // namespace

bool has_known_type(const Descriptor& entry) {
  return entry.media_type.empty() || kind_of_media_type(entry.media_type);
}

bool is_runnable(const Descriptor& entry) {
  const auto type = entry.annotations.find("vnd.docker.reference.type");
  const bool attestation =
      type != entry.annotations.end() && type->second == "attestation-manifest";
  const bool unknown = entry.platform && entry.platform->os == "unknown";
  return !attestation && !unknown && has_known_type(entry) &&
         is_image_artifact_type(entry.artifact_type);
}

Platform Platform::normalised() const {
  Platform result{base::to_lower(os), base::to_lower(architecture), base::to_lower(variant)};
  if (const size_t slash = result.architecture.find('/'); slash != std::string::npos) {
    if (result.variant.empty()) result.variant = result.architecture.substr(slash + 1);
    result.architecture.resize(slash);
  }
  const auto rename = [&](std::string_view from, std::string_view to, std::string_view implied) {
    if (result.architecture != from) return;
    result.architecture = to;
    if (result.variant.empty()) result.variant = implied;
  };
  rename("x86_64", "amd64", "");
  rename("x86-64", "amd64", "");
  rename("i386", "386", "");
  rename("i686", "386", "");
  rename("aarch64", "arm64", "");
  rename("armhf", "arm", "v7");
  rename("armel", "arm", "v6");
  const std::string& variant_text = result.variant;
  if (!variant_text.empty() && variant_text[0] >= '0' && variant_text[0] <= '9') {
    result.variant.insert(0, "v");
  }
  if (variant_text.ends_with(".0")) result.variant.resize(result.variant.size() - 2);
  if (result.variant.empty()) {
    if (result.architecture == "amd64") result.variant = "v1";
    if (result.architecture == "arm64") result.variant = "v8";
    if (result.architecture == "arm") result.variant = "v7";
    if (result.architecture == "ppc64le") result.variant = "power8";
    if (result.architecture == "riscv64") result.variant = "rva20u64";
  }
  return result;
}

std::string Platform::text() const {
  return cat(os, "/", architecture, variant.empty() ? "" : "/", variant);
}

Platform native_platform() {
#if defined(__x86_64__)
  return {"linux", "amd64", ""};
#elif defined(__aarch64__)
  return {"linux", "arm64", ""};
#elif defined(__arm__)
  return {"linux", "arm", "v7"};
#elif defined(__i386__)
  return {"linux", "386", ""};
#elif defined(__riscv)
  return {"linux", "riscv64", ""};
#elif defined(__powerpc64__)
  return {"linux", "ppc64le", ""};
#elif defined(__s390x__)
  return {"linux", "s390x", ""};
#else
#error "add the name this processor has in image indexes"
#endif
}

std::vector<Descriptor> select_platform(const Index& index, const Platform& wanted_platform) {
  const Platform wanted = wanted_platform.normalised();
  const auto wanted_version = version_of(wanted.variant);
  using Version = std::pair<unsigned, unsigned>;
  std::vector<std::pair<Version, Descriptor>> lower;
  std::vector<Descriptor> exact;
  std::vector<Descriptor> nested;
  std::vector<Descriptor> unlabelled;
  for (const Descriptor& entry : index.manifests) {
    if (!is_runnable(entry)) continue;
    if (!entry.names_platform()) {
      (is_index(entry) ? nested : unlabelled).push_back(entry);
      continue;
    }
    const Platform offered = entry.platform->normalised();
    if (offered.os != wanted.os || offered.architecture != wanted.architecture) continue;
    const auto version = version_of(offered.variant);
    if (offered.variant == wanted.variant) {
      exact.push_back(entry);
    } else if (version && wanted_version && *version < *wanted_version) {
      lower.emplace_back(*version, entry);
    }
  }
  std::stable_sort(lower.begin(), lower.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Descriptor> found = std::move(exact);
  for (auto& [version, entry] : lower) found.push_back(std::move(entry));
  found.insert(found.end(), nested.begin(), nested.end());
  if (found.empty()) found = std::move(unlabelled);
  if (!found.empty()) return found;
  const std::string available = list_platforms(index);
  throw base::Error(cat("the image is not made for ", base::excerpt(wanted_platform.text()),
                        available.empty() ? "; its index names no platform at all" : "; it has ",
                        available, left_out(index)));
}

}  // namespace oci
