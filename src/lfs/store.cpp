#include "lfs/store.hpp"

#include <atomic>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/threads.hpp"
#include "lfs/checked_source.hpp"
#include "lfs/download_source.hpp"
#include "lfs/local_store.hpp"
#include "lfs/server.hpp"

namespace lfs {
namespace {

using base::cat;

constexpr unsigned most_transfers = 3;

const Object& object_of(const Object& object) {
  return object;
}
const Object& object_of(const Upload& upload) {
  return upload.object;
}

/// Calls `transfer` for each oid once with what the server answers about it.
template <class Item, class Transfer>
void for_each_answered(Server& server, Operation operation, const std::vector<Item>& items,
                       Transfer transfer) {
  std::vector<const Item*> all;
  std::set<std::string> seen;
  for (const Item& item : items) {
    if (seen.insert(object_of(item).oid).second) all.push_back(&item);
  }
  for (size_t start = 0; start < all.size(); start += most_at_once) {
    const size_t count = std::min(most_at_once, all.size() - start);
    std::vector<Object> objects;
    for (size_t i = 0; i < count; ++i) objects.push_back(object_of(*all[start + i]));
    const std::vector<Answer> answers = server.ask(operation, objects);
    base::for_each_at_once(count, most_transfers, [&](size_t i) {
      const Item& item = *all[start + i];
      base::with_context(cat(base::excerpt(object_of(item).path), " (kept by git-lfs)"),
                         [&] { transfer(item, answers[i]); });
    });
  }
}

class ServerStore : public Store {
 public:
  ServerStore(const Options& options, const Endpoint& endpoint, Sleep sleep, base::Log& log)
      : server_(options, endpoint, std::move(sleep), log), log_(log) {}

  uint64_t upload(const std::vector<Upload>& uploads) override {
    std::atomic<uint64_t> sent = 0;
    std::atomic<uint64_t> moved = 0;
    for_each_answered(server_, Operation::upload, uploads,
                      [&](const Upload& upload, const Answer& answer) {
                        if (send(upload, answer, moved)) sent += upload.object.size;
                      });
    return sent;
  }

  void download(const std::vector<Object>& objects, const Receive& receive) override {
    std::atomic<uint64_t> moved = 0;
    for_each_answered(
        server_, Operation::download, objects, [&](const Object& object, const Answer& answer) {
          const auto bytes =
              counted(std::make_unique<DownloadSource>(server_, object, answer), moved, "received");
          CheckedSource checked(object, *bytes);
          receive(object, checked);
          checked.finish();
        });
  }

 private:
  /// Adds what passes to `total` and tells of it.
  std::unique_ptr<base::ByteSource> counted(std::unique_ptr<base::ByteSource> bytes,
                                            std::atomic<uint64_t>& total, std::string_view what) {
    return std::make_unique<base::CountedSource>(
        std::move(bytes), [this, &total, what](size_t count) {
          log_.progress(cat(what, " ", base::human_size(total += count), " of large files"));
        });
  }

  /// Whether anything had to be sent.
  bool send(const Upload& upload, const Answer& answer, std::atomic<uint64_t>& moved) {
    BorrowedClient client(server_.clients());
    bool sent = false;
    Ticket upload_ticket(server_, Operation::upload, upload.object, answer);
    server_.retry().run([&](int attempt) {
      upload_ticket.use(attempt, [&](const Answer& now) {
        if (!now.transfer) return;
        transfer(client, now, upload, moved);
        sent = true;
      });
    });
    // By itself: what has arrived need not go again.
    Ticket verify_ticket(server_, Operation::upload, upload.object, upload_ticket.answer(),
                         &Answer::verify);
    server_.retry().run([&](int attempt) {
      verify_ticket.use(attempt, [&](const Answer& now) {
        if (now.verify) verify(client, now, upload.object);
      });
    });
    return sent;
  }

  void transfer(BorrowedClient& client, const Answer& answer, const Upload& upload,
                std::atomic<uint64_t>& moved) {
    Exchange exchange;
    exchange.method = "PUT";
    exchange.plain_headers = {"Content-Type: application/octet-stream"};
    exchange.open_body = [&] { return counted(upload.open(), moved, "sent"); };
    exchange.body_size = upload.object.size;
    base::drain(
        *server_.perform(client, answer, *answer.transfer, std::move(exchange)).response.body);
  }

  void verify(BorrowedClient& client, const Answer& answer, const Object& object) {
    Exchange exchange;
    exchange.method = "POST";
    exchange.plain_headers = {cat("Accept: ", media_type), cat("Content-Type: ", media_type)};
    exchange.content = encode_object(object);
    base::drain(
        *server_.perform(client, answer, *answer.verify, std::move(exchange)).response.body);
  }

  Server server_;
  base::Log& log_;
};

}  // namespace

std::unique_ptr<Store> open_store(const Options& options, base::Log& log, Sleep sleep) {
  Endpoint endpoint = find_endpoint(options.remote.uri, options.url);
  if (!endpoint.directory.empty()) return open_local_store(std::move(endpoint.directory));
  if (!endpoint.url) {
    throw base::Error(cat("source.git.uri ", git::display_uri(options.remote.uri),
                          ": no LFS server is known for such an address; set source.git.lfs.url"));
  }
  return std::make_unique<ServerStore>(options, endpoint, std::move(sleep), log);
}

}  // namespace lfs
