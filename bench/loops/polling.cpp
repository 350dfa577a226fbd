// polling (Rust): raw sources, at the edge.
#include "peer.hpp"

extern "C" {
struct polling_handle;
void polling_version(char* buffer, std::size_t size);
polling_handle* polling_new();
void polling_free(polling_handle* loop);
int polling_add(polling_handle* loop, int fd, std::size_t index, bool writes);
int polling_modify(polling_handle* loop, int fd, std::size_t index, bool writes);
int polling_remove(polling_handle* loop, int fd);
int polling_enable_wakes(polling_handle* loop);
int polling_wake(const polling_handle* loop);
int polling_run(polling_handle* loop, std::size_t capacity, bench::PeerCallbacks callbacks);
}

namespace bench {

namespace {

constexpr PeerApi<polling_handle> polling = {
    .version = polling_version,
    .create = polling_new,
    .destroy = polling_free,
    .add = polling_add,
    .modify = polling_modify,
    .remove = polling_remove,
    .enable_wakes = polling_enable_wakes,
    .wake = polling_wake,
    .run = polling_run,
};

}  // namespace

Contender polling_contender() {
  return contender<Peer<polling>::Loop>("polling", Peer<polling>::version(), "raw sources, edges");
}

}  // namespace bench
