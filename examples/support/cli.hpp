// Command lines: what CLI11 lacks for these programs.
#pragma once

#include <CLI/CLI.hpp>
#include <evq/net/socket_addr.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

namespace examples {

/// The main of each program: `declare` adds options to a CLI::App, `run` does the work and returns
/// the exit code. Returns 0 after `--help`, 2 for a command line that makes no sense.
template <class Declare, class Run>
int run_program(int argc, char** argv, const char* description, Declare declare, Run run) noexcept {
  try {
    CLI::App app(description);
    declare(app);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : 2;
    }
    return run();
  } catch (const std::exception& error) {  // out of memory
    for (const char* text : {"error: ", error.what(), "\n"}) {
      std::fputs(text, stderr);
    }
    return 1;
  }
}

/// An option for a numeric address, such as `127.0.0.1:80` or `[::1]:80`.
inline void add_address(CLI::App& app, const std::string& name, evq::net::SocketAddr& address,
                        const std::string& description) {
  const auto store = [name, &address](const CLI::results_t& given) {
    const auto parsed = evq::net::SocketAddr::parse(given.front());
    if (!parsed) {
      throw CLI::ValidationError(name, given.front() + " is not like 127.0.0.1:80 or [::1]:80");
    }
    address = *parsed;
    return true;
  };
  app.add_option(name, store, description)
      ->type_name("ADDR:PORT")
      ->default_str(address.to_string());
}

/// An option for a time from `least` to a day: a number and a unit, or seconds.
template <class Duration>
void add_duration(CLI::App& app, const std::string& name, Duration& duration, Duration least,
                  const std::string& description) {
  using Seconds = std::chrono::duration<double>;
  const std::map<std::string, double> units{{"ms", 0.001}, {"s", 1}, {"min", 60}, {"h", 3600}};
  const auto store = [&duration](const CLI::results_t& given) {
    double seconds = 0;
    const bool is_number = CLI::detail::lexical_cast(given.front(), seconds);
    duration = std::chrono::round<Duration>(Seconds(seconds));
    return is_number;
  };
  app.add_option(name, store, description + " (such as 100ms, 5s, 1min, 2h; 0.1 is 100ms)")
      ->transform(CLI::AsNumberWithUnit(units).description(""))
      ->check(CLI::Range(Seconds(least).count(), 86400.0).description(""))
      ->type_name("TIME")
      ->default_str(CLI::detail::to_string(Seconds(duration).count()) + "s");
}

}  // namespace examples
