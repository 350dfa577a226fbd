// The default backend's names. It is chosen once, when the library is built.
#pragma once

#include <evq/basic_poll.hpp>
#include <evq/config.hpp>

#if defined(EVQ_DEFAULT_BACKEND_EPOLL)
#include <evq/backends/epoll.hpp>
#elif defined(EVQ_DEFAULT_BACKEND_IO_URING)
#include <evq/backends/io_uring.hpp>
#elif defined(EVQ_DEFAULT_BACKEND_KQUEUE)
#include <evq/backends/kqueue.hpp>
#elif defined(EVQ_DEFAULT_BACKEND_IOCP)
#include <evq/backends/iocp.hpp>
#endif

namespace evq {

#if defined(EVQ_DEFAULT_BACKEND_EPOLL)
using DefaultBackend = EpollBackend;
#elif defined(EVQ_DEFAULT_BACKEND_IO_URING)
using DefaultBackend = IoUringBackend;
#elif defined(EVQ_DEFAULT_BACKEND_KQUEUE)
using DefaultBackend = KqueueBackend;
#elif defined(EVQ_DEFAULT_BACKEND_IOCP)
using DefaultBackend = IocpBackend;
#endif

using Poll = BasicPoll<DefaultBackend>;
using Registry = BasicRegistry<DefaultBackend>;
using Events = BasicEvents<DefaultBackend>;
using Event = BasicEvent<DefaultBackend>;
using Waker = BasicWaker<DefaultBackend>;

}  // namespace evq
