// Pages that repeat a registry are what is printed from it. STRIA_UPDATE=1 writes them anew.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "tests/server/reference_pages.h"

namespace stria::server {
namespace {

void ExpectCurrent(const std::string& name, const std::string& page) {
  const std::string path = std::string(STRIA_SOURCE_DIR) + "/docs/" + name;
  if (std::getenv("STRIA_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << page;
  std::ifstream file(path, std::ios::binary);
  const std::string written{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(written, page) << "run STRIA_UPDATE=1 server_tests to print " << path << " anew";
}

TEST(DocsTest, ConfigurationIsCurrent) {
  ExpectCurrent("operations/configuration.md", ConfigurationPage());
}

TEST(DocsTest, MetricsAreCurrent) {
  ExpectCurrent("operations/metrics.md", MetricsPage());
}

TEST(DocsTest, ErrorsAreCurrent) {
  ExpectCurrent("protocol/errors.md", ErrorsPage());
}

}  // namespace
}  // namespace stria::server
