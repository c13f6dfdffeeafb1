// Random bytes from the operating system's generator, through OpenSSL.
#pragma once

#include <string>

#include "base/time.h"
#include "base/uuid.h"

namespace kriya::crypto {

std::string random_bytes(std::size_t count);

/// A UUIDv7 for a new row. Random bits are drawn from a per-thread buffer, so that an id costs no system call.
Uuid new_uuid(Timestamp now);

/// 256 random bits in base64url: ids that open doors (sessions, verifications) and generated secrets.
std::string random_token();

}  // namespace kriya::crypto
