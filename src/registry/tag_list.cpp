#include "registry/tag_list.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace registry {
namespace {

using base::cat;

/// How many tags a page is to have. Amazon's registry refuses to be asked for more.
constexpr size_t page_size = 1000;
constexpr size_t page_limit = 16 * 1024 * 1024;  // Some registries send all there is at once.
constexpr size_t most_pages = 10'000;
constexpr size_t most_tags = 1'000'000;
/// In a row; registries that hide some tags from some people may have a few such pages.
constexpr int most_pages_without_tags = 100;

/// Why a registry answers 404: its first error code; "" when it gives none.
std::string error_code(std::string_view body) {
  try {
    const base::JsonDocument document = base::JsonDocument::parse(body, "the answer");
    const auto errors = document.root().at("errors").items();
    return errors.empty() ? "" : errors.front().at("code").string_or("");
  } catch (const base::Error&) {
    return "";
  }
}

/// Whether an answer says that there is no such repository. Its body can still be read.
bool denies_repository(http::Response& response) {
  if (response.status != 404) return false;
  std::string body = base::read_all(*response.body, page_limit, "the answer");
  const std::string code = error_code(body);
  response.body = std::make_unique<base::MemorySource>(std::move(body));
  return code == "NAME_UNKNOWN" || code == "NOT_FOUND";
}

class TagList {
 public:
  /// The last name on a page that has as many as were asked for, and a new one; else nothing.
  std::optional<std::string> append(std::string_view page) {
    const size_t before = tags_.size();
    const base::JsonDocument document = base::JsonDocument::parse(page, "the list of tags");
    size_t count = 0;
    std::string last;
    for (const base::JsonView& item : document.root().at("tags").items()) {
      const std::string tag = item.string_or("");  // Some have a null among the names.
      ++count;
      if (!oci::is_valid_tag(tag)) continue;
      last = tag;
      if (seen_.insert(tag).second) tags_.push_back(tag);
    }
    barren_ = tags_.size() > before ? 0 : barren_ + 1;
    if (barren_ > most_pages_without_tags) {
      throw base::Error("the list of tags goes on and on without a new one");
    }
    if (tags_.size() > most_tags) {
      throw base::Error(cat("there are more than ", base::with_commas(most_tags), " tags"));
    }
    if (count != page_size || barren_ > 0) return std::nullopt;
    return last;
  }
  std::vector<std::string> take() { return std::move(tags_); }

 private:
  std::vector<std::string> tags_;
  std::set<std::string> seen_;
  int barren_ = 0;
};

/// The address behind a Link of the page at `here`, in the list that begins at `first` (RFC 8288
/// section 3.1). Its query is the server's own affair and stays as it is.
http::Url next_page(const http::Url& here, const http::Url& first, const std::string& link) {
  http::Url next =
      base::with_context("the link to the next page", [&] { return here.resolve(link); });
  const auto continues = [&](const http::Url& page) {
    return next.same_origin(page) && next.path == page.path;
  };
  // Behind a proxy, registries may not know under which scheme, host and path they are asked. What
  // led to this page leads to the next one.
  if (next.path.ends_with("/tags/list") && !continues(here) && !continues(first)) {
    std::string query = std::move(next.query);
    next = here;
    next.query = std::move(query);
  }
  if (!next.same_origin(here) && !next.same_origin(first)) {
    throw base::Error(cat("the next page is at ", next.display(), ", not on ", here.scheme, "://",
                          here.host_and_port(), " like the one before: refused"));
  }
  return next;
}

/// Where a list may go on behind the tag `last` of a full page without a link, which was not always
/// part of the specification (distribution-spec, Listing Tags).
http::Url page_behind(const http::Url& here, const std::string& last) {
  http::Url next = here;
  next.query = cat("n=", page_size, "&last=", base::percent_encode(last));
  return next;
}

/// Whether an answer to a request for a page that may not exist says that it does not.
bool denies_page(long status) {
  const bool is_about_access = status == 401 || status == 403 || status == 407;
  return status != 200 && !is_about_access && !http::may_pass(status);
}

/// Whether this can be an object in JSON: by its first letter, behind a mark of byte order.
bool begins_object(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first != std::string_view::npos && text[first] == '{';
}

/// The text of a page; nothing where there is none that was only guessed at.
std::optional<std::string> read_page(Requests& requests, http::Response& response, bool guessed) {
  if (guessed && denies_page(response.status)) return std::nullopt;
  if (response.status != 200) throw requests.refusal(response);
  std::string page = base::read_all(*response.body, page_limit, "the list of tags");
  if (begins_object(page)) return page;
  if (guessed) return std::nullopt;
  throw base::Error(cat("the answer is no list of tags ",
                        page.empty() ? "but empty" : cat("(", base::excerpt(page), ")"),
                        "; does a proxy answer in the registry's place?"));
}

/// Whether one parameter of a link says that it is the next page.
bool is_next(std::string_view parameter) {
  const size_t equals = parameter.find('=');
  if (equals == std::string_view::npos) return false;
  if (!base::equal_ignoring_case(base::trim(parameter.substr(0, equals)), "rel")) return false;
  std::string_view value = base::trim(parameter.substr(equals + 1));
  if (value.starts_with('"')) value = value.substr(1, value.find('"', 1) - 1);
  const auto relations = base::split(value, ' ');
  return std::any_of(relations.begin(), relations.end(), [](std::string_view relation) {
    return base::equal_ignoring_case(relation, "next");
  });
}

/// Where `mark` stands outside quotes; the end when nowhere.
size_t find_unquoted(std::string_view text, char mark) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == mark && !quoted) return i;
  }
  return text.size();
}

}  // namespace

std::optional<std::string> next_link(const std::vector<std::string>& fields) {
  for (std::string_view field : fields) {
    while (true) {
      const size_t open = field.find('<');
      const size_t close = field.find('>', std::min(open, field.size()));
      if (close == std::string_view::npos) break;
      const std::string_view target = field.substr(open + 1, close - open - 1);
      field.remove_prefix(close + 1);
      std::string_view parameters = field.substr(0, find_unquoted(field, ','));
      field.remove_prefix(parameters.size());
      while (!parameters.empty()) {
        parameters.remove_prefix(1);  // The semicolon.
        const std::string_view parameter = parameters.substr(0, find_unquoted(parameters, ';'));
        if (is_next(parameter)) return std::string(target);
        parameters.remove_prefix(parameter.size());
      }
    }
  }
  return std::nullopt;
}

std::vector<std::string> list_tags(Requests& requests, const std::string& repository) {
  TagList list;
  const std::string path = cat("/v2/", repository, "/tags/list");
  const std::vector<std::string> headers = {"Accept: application/json"};
  http::Response response = requests.send("GET", cat(path, "?n=", page_size), headers);
  if (denies_repository(response)) return {};
  std::set<std::string> visited;
  bool guessed = false;  // That there is this page.
  while (true) {
    visited.insert(response.url.text());
    const auto page = read_page(requests, response, guessed);
    if (!page) return list.take();
    const auto last = list.append(*page);
    const auto link = next_link(response.headers.all("Link"));
    if (!link && !last) return list.take();
    guessed = !link;
    const http::Url next = link ? next_page(response.url, requests.url(path), *link)
                                : page_behind(response.url, *last);
    if (visited.contains(next.text())) {
      if (guessed) return list.take();
      throw base::Error("the pages lead in a circle");
    }
    if (visited.size() == most_pages) {
      throw base::Error(cat("there are more than ", base::with_commas(most_pages), " pages"));
    }
    response = requests.get(next, headers);
  }
}

}  // namespace registry
