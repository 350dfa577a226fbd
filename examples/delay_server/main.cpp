// The delay server as a program.

#include <chrono>
#include <string>

#include "../support/cli.hpp"
#include "../support/report.hpp"
#include "../support/stop_signals.hpp"
#include "delay_server.hpp"

namespace {

int serve(const examples::DelayServer::Options& options) {
  auto server = examples::DelayServer::create(options);
  if (!server) {
    return examples::fail("cannot listen on " + options.listen.to_string(), server.error());
  }
  const auto address = server->address();
  if (!address) {
    return examples::fail("cannot tell the address", address.error());
  }
  const examples::StopSignals signals(server->stopper());
  examples::announce(*address);
  if (const auto served = server->run(); !served) {
    return examples::fail("the event loop has failed", served.error());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using std::chrono::milliseconds;
  examples::DelayServer::Options options;
  return examples::run_program(
      argc, argv,
      "An HTTP/1.1 server that answers GET /{delay in ms}/{message} with the message, after the\n"
      "delay. Thousands of requests can wait at a time. Ctrl-C or SIGTERM ends it.\n\n"
      "Try: curl http://127.0.0.1:8080/1000/hello\n",
      [&](CLI::App& app) {
        examples::add_address(app, "--listen", options.listen,
                              "Where to listen. Port 0 takes a free one; the line `listening on "
                              "ADDR:PORT` on stdout says which");
        examples::add_duration(
            app, "--request-timeout", options.request_timeout, milliseconds(1),
            "How long a client may take to send a request (else: 408), and to take "
            "its answer");
        examples::add_duration(app, "--max-delay", options.max_delay, milliseconds(0),
                               "The longest delay; a request for more is refused with 400");
      },
      [&] { return serve(options); });
}
