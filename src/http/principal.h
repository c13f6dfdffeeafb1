// On whose behalf a request is made: a person, a program, or a person through a program.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"

namespace kriya::http {

struct Principal {
  std::optional<Uuid> user_id = {};  // the person; none: a program by itself
  std::string client_id = {};        // the program: a registered client's id; empty: the person's own app
  std::string session = {};          // sid of the sign-in, or what stands for it with programs; empty: none is known
  std::string scope = {};            // what it may do besides the ordinary, words apart by a space
  bool demo = false;                 // development's test-user: harmless tools only

  /// "user:<id>" or "client:<id>": names whose things they are, in rows and limits.
  std::string subject() const { return user_id ? "user:" + user_id->str() : "client:" + client_id; }
};

}  // namespace kriya::http
