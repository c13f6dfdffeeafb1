// kriya secret: a strong secret for JWT_SECRET_KEY, an API key, and the like.
#include <cstdio>

#include "cli/commands.h"
#include "crypto/random.h"

namespace kriya::cli {

void add_secret(CLI::App& app, int&) {
  app.add_subcommand("secret", "Print a strong secret: 256 random bits in base64url")->callback([] {
    std::printf("%s\n", crypto::random_token().c_str());
  });
}

}  // namespace kriya::cli
