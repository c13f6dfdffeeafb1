#include "crypto/random.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <openssl/rand.h>

#include "base/encoding.h"
#include "crypto/openssl.h"

namespace kriya::crypto {
namespace {

constexpr std::size_t kBytesPerId = 10;
constexpr std::size_t kIdsPerDraw = 64;

/// Random bits for row ids, which are unique but no secret; what opens doors never comes from a buffer.
class IdBits {
 public:
  std::array<std::uint8_t, kBytesPerId> next() {
    if (used_ == bytes_.size()) {
      ensure(RAND_bytes(bytes_.data(), static_cast<int>(bytes_.size())) == 1, "RAND_bytes");
      used_ = 0;
    }
    std::array<std::uint8_t, kBytesPerId> bits;
    std::copy_n(bytes_.begin() + used_, bits.size(), bits.begin());
    used_ += bits.size();
    return bits;
  }

 private:
  std::array<std::uint8_t, kBytesPerId * kIdsPerDraw> bytes_;
  std::size_t used_ = kBytesPerId * kIdsPerDraw;
};

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  ensure(RAND_bytes(data_of(bytes), int_size(bytes)) == 1, "RAND_bytes");
  return bytes;
}

Uuid new_uuid(Timestamp now) {
  thread_local IdBits bits;
  return Uuid::v7(now, bits.next());
}

std::string random_token() { return base64url_encode(random_bytes(32)); }

}  // namespace kriya::crypto
