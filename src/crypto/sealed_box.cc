#include "crypto/sealed_box.h"

#include <utility>

#include "base/encoding.h"
#include "crypto/openssl.h"
#include "crypto/random.h"

namespace kriya::crypto {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kKeySize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kHeadSize = 1 + kNonceSize;

constexpr int kEncrypt = 1;
constexpr int kDecrypt = 0;

/// A context that has taken key, nonce and all that is authenticated but not stored.
CipherContext begin(int direction, const Secret& key, std::string_view nonce, std::string_view context) {
  static const Cipher cipher = ensured<Cipher>(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), "EVP_CIPHER_fetch");
  auto gcm = ensured<CipherContext>(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new");
  ensure(EVP_CipherInit_ex2(gcm.get(), cipher.get(), data_of(key.reveal()), data_of(nonce), direction, nullptr) == 1,
         "EVP_CipherInit_ex2");
  int size = 0;
  ensure(EVP_CipherUpdate(gcm.get(), nullptr, &size, data_of(context), int_size(context)) == 1, "EVP_CipherUpdate");
  return gcm;
}

/// Runs `input` through the cipher into `output`, which has room for as many bytes.
void transform(EVP_CIPHER_CTX& gcm, std::string_view input, unsigned char* output) {
  int size = 0;
  ensure(EVP_CipherUpdate(&gcm, output, &size, data_of(input), int_size(input)) == 1, "EVP_CipherUpdate");
}

tl::unexpected<Error> fail_to_open() {
  return fail(Errc::internal, "A sealed value does not open: it was altered, or sealed under another key or context.");
}

}  // namespace

SealedBox::SealedBox(const Secret& key) : key_(key) {
  if (key_.size() != kKeySize) throw std::invalid_argument("the key of a SealedBox has 32 bytes");
}

std::string SealedBox::seal(std::string_view plain, std::string_view context) const {
  const std::string nonce = random_bytes(kNonceSize);
  std::string box = kVersion + nonce;
  box.resize(kHeadSize + plain.size() + kTagSize);

  const CipherContext gcm = begin(kEncrypt, key_, nonce, context);
  transform(*gcm, plain, data_of(box) + kHeadSize);
  unsigned char* const tag = data_of(box) + kHeadSize + plain.size();
  int size = 0;
  ensure(EVP_CipherFinal_ex(gcm.get(), tag, &size) == 1, "EVP_CipherFinal_ex");
  ensure(EVP_CIPHER_CTX_ctrl(gcm.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1, "EVP_CIPHER_CTX_ctrl");
  return base64url_encode(box);
}

Result<Secret> SealedBox::open(std::string_view sealed, std::string_view context) const {
  const auto decoded = base64url_decode(sealed);
  if (!decoded || decoded->size() < kHeadSize + kTagSize || decoded->front() != kVersion) return fail_to_open();
  const std::string_view box = *decoded;
  const std::string_view nonce = box.substr(1, kNonceSize);
  const std::string_view ciphertext = box.substr(kHeadSize, box.size() - kHeadSize - kTagSize);
  std::string tag(box.substr(box.size() - kTagSize));

  const ErrorQueueScope errors;
  const CipherContext gcm = begin(kDecrypt, key_, nonce, context);
  std::string text(ciphertext.size(), '\0');
  transform(*gcm, ciphertext, data_of(text));
  Secret plain(std::move(text));  // before the tag is checked: a refused plaintext is wiped too
  ensure(EVP_CIPHER_CTX_ctrl(gcm.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1, "EVP_CIPHER_CTX_ctrl");
  unsigned char nothing[kTagSize];  // GCM has no final block
  int size = 0;
  if (EVP_CipherFinal_ex(gcm.get(), nothing, &size) != 1) return fail_to_open();
  return plain;
}

}  // namespace kriya::crypto
