#include "report.hpp"

#include <iomanip>
#include <iostream>
#include <sstream>

namespace examples {

int fail(std::string_view what, const std::error_code& error) {
  std::cerr << "error: " << what << ": " << error.message() << '\n';
  return 1;
}

int fail(std::string_view what) {
  std::cerr << "error: " << what << '\n';
  return 1;
}

void announce(const evq::net::SocketAddr& address) {
  std::cout << "listening on " << address.to_string() << '\n' << std::flush;
}

std::string Stopwatch::read() const {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  std::ostringstream text;
  text << std::fixed << std::setprecision(3) << std::setw(8) << elapsed.count() << " s";
  return text.str();
}

}  // namespace examples
