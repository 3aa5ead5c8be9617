#include "resource/tag_selection.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "oci/semver.hpp"

namespace resource {
namespace {

using oci::Digest;
using oci::Semver;

/// A tag that the rules let in as a version.
struct Candidate {
  std::string tag;
  Semver version;
  long dots = 0;  ///< In the version as written; more of them say more exactly what it is.
};

struct Found {
  Candidate candidate;
  Digest digest;
};

bool is_allowed_pre_release(const std::string& text, const TagVersions& rules) {
  if (!rules.pre_releases) return false;
  // A dash is taken for a variant behind the pre-release, unless prefixes tell what is what.
  if (rules.pre_release_prefixes.empty() && text.find('-') != std::string::npos) return false;
  const auto starts = [&](std::string_view prefix) { return text.starts_with(prefix); };
  return starts("alpha") || starts("beta") || starts("rc") ||
         std::any_of(rules.pre_release_prefixes.begin(), rules.pre_release_prefixes.end(), starts);
}

std::optional<Candidate> read_candidate(const std::string& tag, const TagVersions& rules) {
  std::string_view text = tag;
  if (!rules.variant.empty()) {
    if (!text.ends_with("-" + rules.variant)) return std::nullopt;
    text.remove_suffix(rules.variant.size() + 1);
  }
  auto version = Semver::parse(text);
  if (!version) return std::nullopt;
  if (rules.constraint && !rules.constraint->admits(*version)) return std::nullopt;
  if (!version->is_final() && !is_allowed_pre_release(version->pre_release, rules)) {
    return std::nullopt;
  }
  return Candidate{tag, std::move(*version), std::count(text.begin(), text.end(), '.')};
}

bool is_older(const Candidate& a, const Candidate& b) {
  if (const auto order = a.version <=> b.version; order != 0) return order < 0;
  return std::tie(a.dots, a.tag) < std::tie(b.dots, b.tag);
}

/// One run of select_versions.
class Selection {
 public:
  Selection(const Tags& listed, const TagVersions& rules, const TagQueries& queries)
      : queries_(queries), bare_tag_(rules.bare_tag()) {
    for (const std::string& tag : listed) {
      if (tag == bare_tag_) {
        // A constraint is about versions, and what this one is cannot be known.
        bare_wanted_ = !rules.constraint;
      } else if (auto candidate = read_candidate(tag, rules)) {
        newer_.push_back(std::move(*candidate));
      }
    }
  }

  /// Puts aside what is not newer than `cursor`, if that still stands.
  void apply_cursor(const Version& cursor) {
    const auto found = std::find_if(newer_.begin(), newer_.end(), [&](const Candidate& candidate) {
      return candidate.tag == cursor.tag;
    });
    if (found == newer_.end()) return;
    const auto digest = queries_.digests({cursor.tag}).front();
    const Candidate candidate = std::move(*found);
    newer_.erase(found);
    if (digest) add({candidate, *digest});
    if (!digest || digest->text() != cursor.digest) return;
    cursor_tag_ = cursor.tag;
    const auto middle = std::partition(newer_.begin(), newer_.end(), [&](const Candidate& other) {
      return other.version > candidate.version;
    });
    older_.assign(std::make_move_iterator(middle), std::make_move_iterator(newer_.end()));
    newer_.erase(middle, newer_.end());
  }

  std::vector<Version> run() {
    Tags tags;
    for (const Candidate& candidate : newer_) tags.push_back(candidate.tag);
    if (bare_wanted_) tags.push_back(bare_tag_);
    const auto digests = queries_.digests(tags);
    for (size_t i = 0; i < newer_.size(); ++i) {
      if (digests[i]) add({std::move(newer_[i]), *digests[i]});
    }
    std::vector<Version> versions = sorted();
    if (bare_wanted_ && digests.back() && !best_.contains(*digests.back()) &&
        !is_of_older_version(*digests.back())) {
      versions.push_back({bare_tag_, digests.back()->text(), ""});
    }
    return versions;
  }

 private:
  /// Whether `a` rather than `b` names a digest that has both tags.
  bool is_better(const Candidate& a, const Candidate& b) const {
    if (a.version.is_final() != b.version.is_final()) return a.version.is_final();
    if (a.dots != b.dots) return a.dots > b.dots;
    if (a.tag == cursor_tag_ || b.tag == cursor_tag_) return a.tag == cursor_tag_;
    return a.tag < b.tag;
  }

  void add(Found found) {
    const auto [place, is_new] = best_.try_emplace(found.digest, found.candidate);
    if (!is_new && is_better(found.candidate, place->second)) {
      place->second = std::move(found.candidate);
    }
  }

  std::vector<Version> sorted() const {
    std::vector<std::pair<Candidate, Digest>> all;
    for (const auto& [digest, candidate] : best_) all.emplace_back(candidate, digest);
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return is_older(a.first, b.first); });
    std::vector<Version> versions;
    versions.reserve(all.size());
    for (const auto& [candidate, digest] : all) {
      versions.push_back({candidate.tag, digest.text(), ""});
    }
    return versions;
  }

  /// Whether the bare tag names a version from before the cursor. Asks from the newest on, as it is
  /// most likely there, and stops when it is found.
  bool is_of_older_version(const Digest& digest) {
    std::sort(older_.begin(), older_.end(),
              [](const Candidate& a, const Candidate& b) { return is_older(b, a); });
    size_t batch = 8;
    for (size_t start = 0; start < older_.size(); start += std::exchange(batch, batch * 2)) {
      Tags tags;
      for (size_t i = start; i < std::min(start + batch, older_.size()); ++i) {
        tags.push_back(older_[i].tag);
      }
      const auto digests = queries_.digests(tags);
      if (std::find(digests.begin(), digests.end(), digest) != digests.end()) return true;
    }
    return false;
  }

  const TagQueries& queries_;
  std::string bare_tag_;
  bool bare_wanted_ = false;
  std::string cursor_tag_;
  std::vector<Candidate> newer_;
  std::vector<Candidate> older_;
  std::map<Digest, Candidate> best_;
};

/// Sorts by age. Tags of the same digest are of the same age, so that only one of them is asked.
void sort_by_creation(std::vector<std::pair<std::string, Digest>>& matches,
                      const TagQueries& queries) {
  std::map<Digest, size_t> places;
  Tags tags;
  for (const auto& [tag, digest] : matches) {
    if (places.try_emplace(digest, tags.size()).second) tags.push_back(tag);
  }
  // With a single image there is nothing to tell apart.
  const auto times =
      tags.size() > 1 ? queries.creation_times(tags) : std::vector<base::Timestamp>(tags.size());
  std::sort(matches.begin(), matches.end(), [&](const auto& a, const auto& b) {
    return std::tie(times[places.at(a.second)], a.first) <
           std::tie(times[places.at(b.second)], b.first);
  });
}

}  // namespace

std::vector<Version> select_versions(const Tags& listed, const TagVersions& rules,
                                     const std::optional<Version>& cursor,
                                     const TagQueries& queries) {
  Selection selection(listed, rules, queries);
  if (cursor) selection.apply_cursor(*cursor);
  return selection.run();
}

std::vector<Version> select_matches(const Tags& listed, const TagPattern& rules,
                                    const TagQueries& queries) {
  Tags tags;
  for (const std::string& tag : listed) {
    if (rules.pattern.found_in(tag)) tags.push_back(tag);
  }
  const auto digests = queries.digests(tags);
  std::vector<std::pair<std::string, Digest>> matches;
  for (size_t i = 0; i < tags.size(); ++i) {
    if (digests[i]) matches.emplace_back(tags[i], *digests[i]);
  }
  if (rules.order == TagPattern::Order::by_creation) sort_by_creation(matches, queries);
  std::vector<Version> versions;
  versions.reserve(matches.size());
  for (const auto& [tag, digest] : matches) versions.push_back({tag, digest.text(), ""});
  return versions;
}

}  // namespace resource
