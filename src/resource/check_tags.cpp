#include "resource/check_tags.hpp"

#include <limits>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/threads.hpp"
#include "resource/tag_selection.hpp"

namespace resource {
namespace {

using base::cat;

/// Each takes two answers of the registry. Not so many that they would count as an attack.
constexpr unsigned ages_at_once = 4;

TagQueries make_queries(registry::Client& client, const oci::Platform& platform) {
  // What does not tell its age, perhaps a signature, counts as older than all that do.
  constexpr base::Timestamp unknown{std::numeric_limits<int64_t>::min(), 0};
  TagQueries queries;
  queries.digests = [&client](const Tags& tags) { return client.resolve_all(tags); };
  queries.creation_times = [&client, &platform, unknown](const Tags& tags) {
    std::vector<base::Timestamp> times(tags.size(), unknown);
    base::for_each_at_once(tags.size(), ages_at_once, [&](size_t i) {
      const std::string created = base::with_context(
          cat("age of tag ", tags[i]), [&] { return client.fetch_created(tags[i], platform); });
      times[i] = base::Timestamp::parse(created).value_or(unknown);
    });
    return times;
  };
  return queries;
}

}  // namespace

std::vector<Version> check_tags(registry::Client& client, const ImageSource& image,
                                const oci::Platform& platform, const std::optional<Version>& given,
                                base::Log& log) {
  const TagQueries queries = make_queries(client, platform);
  const Tags tags = client.tags();
  if (tags.empty()) {
    log.info(
        cat(image.repository, ": the registry has no tags of it, or knows no such repository"));
    return {};
  }
  const auto* pattern = std::get_if<TagPattern>(&image.rules);
  auto versions = pattern != nullptr
                      ? select_matches(tags, *pattern, queries)
                      : select_versions(tags, std::get<TagVersions>(image.rules), given, queries);
  if (versions.empty()) {
    log.info(cat(image.repository, ": none of ", base::with_commas(tags.size()), " tags ",
                 pattern != nullptr ? "matches tag_regex"
                                    : "is a version; set tag to follow one by its name"));
  }
  return versions;
}

}  // namespace resource
