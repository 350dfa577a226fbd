// mio (Rust): SourceFd, at the edge.
#include "peer.hpp"

extern "C" {
struct mio_handle;
void mio_version(char* buffer, std::size_t size);
mio_handle* mio_new();
void mio_free(mio_handle* loop);
int mio_add(mio_handle* loop, int fd, std::size_t index, bool writes);
int mio_modify(mio_handle* loop, int fd, std::size_t index, bool writes);
int mio_remove(mio_handle* loop, int fd);
int mio_enable_wakes(mio_handle* loop);
int mio_wake(const mio_handle* loop);
int mio_run(mio_handle* loop, std::size_t capacity, bench::PeerCallbacks callbacks);
}

namespace bench {

namespace {

constexpr PeerApi<mio_handle> mio = {
    .version = mio_version,
    .create = mio_new,
    .destroy = mio_free,
    .add = mio_add,
    .modify = mio_modify,
    .remove = mio_remove,
    .enable_wakes = mio_enable_wakes,
    .wake = mio_wake,
    .run = mio_run,
};

}  // namespace

Contender mio_contender() {
  return contender<Peer<mio>::Loop>("mio", Peer<mio>::version(), "SourceFd, edges");
}

}  // namespace bench
