// A MASTER_KEY for tests.
#pragma once

#include "base/secret.h"

namespace kriya::tests {

inline const Secret kMaster{"a master key of at least thirty-two bytes"};

}  // namespace kriya::tests
