#include "resource/protocol.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "resource/foreign_keys.hpp"
#include "resource/secrets.hpp"
#include "resource/source.hpp"
#include "resource/step_login.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;
using base::JsonDocument;
using base::JsonView;
using OrderedJson = nlohmann::ordered_json;

constexpr size_t longest_push_option = 16 * 1024;

/// The parts of a request; their keys match regardless of case, as Concourse's own decoder has it.
struct Request {
  JsonView source;
  JsonView version;
  JsonView params;
};

JsonDocument parse_request(std::string_view json) {
  if (base::trim(json).empty()) throw Error("no request on standard input");
  return JsonDocument::parse(json, "the request on standard input");
}

Request open_request(const JsonDocument& document, base::Log& log) {
  const JsonView root = document.root();
  if (!root.is_object()) root.refuse("an object with source, version and params");
  hide_secrets(root.at_ignoring_case("source"), log);
  hide_secrets(root.at_ignoring_case("params"), log);
  root.allow_only({"source", "version", "params"}, true);
  return {root.at_ignoring_case("source"), root.at_ignoring_case("version"),
          root.at_ignoring_case("params")};
}

/// A version that is pinned in the pipeline stays there when the source becomes another.
void refuse_other_kind(const JsonView& view, const Source& source) {
  if (view.is_null()) return;
  const auto refuse = [&](std::string_view key, std::string_view kind) {
    if (view.at(key).is_null()) return;
    throw Error(cat(view.path(), ".", key, " does not fit this source: ", kind));
  };
  if (source.image) return refuse("ref", "with repository, a version is {tag, digest}");
  for (const char* key : {"tag", "digest"}) refuse(key, "with only git, a version is {ref}");
}

/// Absent, null and {} are all no version.
std::optional<Version> parse_version(const JsonView& view, const Source& source) {
  refuse_other_kind(view, source);
  if (source.image) {
    view.allow_only({"tag", "digest"});
  } else {
    view.allow_only({"ref"});
  }
  if (view.members().empty()) return std::nullopt;
  return Version{view.at("tag").string_or(""), view.at("digest").string_or(""),
                 view.at("ref").string_or("")};
}

/// A text or a list of them, each for one line of git's protocol.
std::vector<std::string> read_push_options(const JsonView& view) {
  std::vector<std::string> options;
  const auto add = [&](const JsonView& item) {
    options.emplace_back(base::trim(item.string()));
    const std::string& option = options.back();
    if (option.size() > longest_push_option) {
      throw Error(cat(item.path(), ": longer than ", base::with_commas(longest_push_option),
                      " bytes, which is more than one push option may have"));
    }
    if (option.empty() || base::printable(option) != option) {
      throw Error(cat(item.path(), ": expected one line, without control characters"));
    }
  };
  if (!view.is_string()) {
    for (const JsonView& item : view.items()) add(item);
  } else if (!view.is_empty()) {
    add(view);
  }
  return options;
}

void allow_params(const JsonView& params, std::vector<std::string_view> known) {
  known.insert(known.end(), step_login_keys().begin(), step_login_keys().end());
  params.allow_only(known);
}

Format parse_format(const JsonView& view) {
  static constexpr std::pair<std::string_view, Format> formats[] = {
      {"rootfs", Format::rootfs},
      {"rootfs-tar", Format::rootfs_tar},
      {"oci", Format::oci},
      {"oci-layout", Format::oci_layout}};
  const std::string text = view.string_or("");
  if (text.empty()) return Format::rootfs;
  std::string known;
  for (const auto& [name, format] : formats) {
    if (text == name) return format;
    base::append_item(known, ", ", name);
  }
  throw Error(cat(view.path(), ": ", base::printable(text), " is not a format; there are ", known));
}

OrderedJson to_json(const Version& version) {
  OrderedJson json = OrderedJson::object();
  if (!version.ref.empty()) {
    json["ref"] = version.ref;
  } else {
    json["tag"] = version.tag;
    json["digest"] = version.digest;
  }
  return json;
}

std::string dump(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace

CheckRequest parse_check_request(std::string_view json, base::Log& log) {
  const JsonDocument document = parse_request(json);
  const Request parts = open_request(document, log);
  CheckRequest request{parse_source(parts.source, log), {}};
  request.version = parse_version(parts.version, request.source);
  return request;
}

GetRequest parse_get_request(std::string_view json, base::Log& log) {
  JsonDocument document = parse_request(json);
  const Request parts = open_request(document, log);
  apply_step_login(document, parts.source, parts.params);
  GetRequest request{parse_source(parts.source, log), {}, {}};
  const auto version = parse_version(parts.version, request.source);
  if (!version) throw Error("version is missing: run check first and pass one of its versions");
  request.version = *version;
  refuse_foreign_get(parts.params);
  allow_params(parts.params, {"format", "skip_download", "platform"});
  request.params.format = parse_format(parts.params.at("format"));
  request.params.skip_download = parts.params.at("skip_download").boolean_or(false);
  const JsonView platform = parts.params.at("platform");
  if (!platform.members().empty()) request.params.platform = parse_platform(platform);
  return request;
}

PutRequest parse_put_request(std::string_view json, base::Log& log) {
  JsonDocument document = parse_request(json);
  const Request parts = open_request(document, log);
  apply_step_login(document, parts.source, parts.params);
  PutRequest request{parse_source(parts.source, log), {}};
  refuse_foreign_put(parts.params);
  allow_params(parts.params, {"image", "push_options"});
  request.params.image = parts.params.at("image").string_or("");
  if (request.source.git) {
    request.source.git->remote.push_options = read_push_options(parts.params.at("push_options"));
  }
  if (!parts.version.is_null() && !parts.version.members().empty()) {
    throw Error("put takes no version");
  }
  return request;
}

std::string encode(const std::vector<Version>& versions) {
  OrderedJson json = OrderedJson::array();
  for (const Version& version : versions) json.push_back(to_json(version));
  return dump(json);
}

std::string encode(const StepResult& result) {
  OrderedJson metadata = OrderedJson::array();
  for (const auto& [name, value] : result.metadata) {
    metadata.push_back({{"name", name}, {"value", value}});
  }
  OrderedJson json;
  json["version"] = to_json(result.version);
  json["metadata"] = metadata;
  return dump(json);
}

}  // namespace resource
