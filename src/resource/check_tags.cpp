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

/// The tags whose images the registry keeps back; the others count without them.
class Withheld {
 public:
  void add(const registry::StatusError& error) {
    ++count_;
    if (!first_) first_ = error;
    // So many are no single ones any more.
    if (count_ > most_withheld) throw error;
  }

  /// Says which are missing from what was found; throws when nothing was.
  void report(bool found, base::Log& log) const {
    if (!first_) return;
    if (!found) throw *first_;
    log.warn(cat(first_->what(), "; ", base::counted(count_, "tag is", "tags are"),
                 " left out like this"));
  }

 private:
  static constexpr size_t most_withheld = 100;
  size_t count_ = 0;
  std::optional<registry::StatusError> first_;
};

std::string describe(const TagRules& rules) {
  if (std::holds_alternative<TagPattern>(rules)) return "matches tag_regex";
  const TagVersions& versions = std::get<TagVersions>(rules);
  std::string text = "is a version";
  if (!versions.variant.empty()) text += cat(" with variant ", base::excerpt(versions.variant));
  if (versions.constraint) text += " that semver_constraint admits";
  if (!versions.pre_releases) text += " (pre_releases: true admits pre-releases, too)";
  return cat(text, "; set tag to follow one by its name");
}

TagQueries make_queries(registry::Client& client, const oci::Platform& platform,
                        Withheld& withheld) {
  // What does not tell its age, perhaps a signature, counts as older than all that do.
  constexpr base::Timestamp unknown{std::numeric_limits<int64_t>::min(), 0};
  TagQueries queries;
  queries.digests = [&](const Tags& tags) {
    return client.resolve_all(tags, [&](const auto& error) { withheld.add(error); });
  };
  queries.creation_times = [&client, &platform, unknown](const Tags& tags) {
    std::vector<base::Timestamp> times(tags.size(), unknown);
    base::for_each_at_once(tags.size(), ages_at_once, [&](size_t i) {
      try {
        const std::string created = base::with_context(
            cat("age of tag ", tags[i]), [&] { return client.fetch_created(tags[i], platform); });
        times[i] = base::Timestamp::parse(created).value_or(unknown);
      } catch (const registry::StatusError& error) {
        if (!client.may_withhold(error)) throw;
      }
    });
    return times;
  };
  return queries;
}

}  // namespace

std::vector<Version> check_tags(registry::Client& client, const ImageSource& image,
                                const oci::Platform& platform, const std::optional<Version>& given,
                                base::Log& log) {
  Withheld withheld;
  const TagQueries queries = make_queries(client, platform, withheld);
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
  withheld.report(!versions.empty(), log);
  if (versions.empty()) {
    log.info(cat(image.repository, ": none of ", base::with_commas(tags.size()), " tags ",
                 describe(image.rules)));
  }
  return versions;
}

}  // namespace resource
