// jobs/cost_attribution/tools/sha256.cc
#include "jobs/cost_attribution/tools/sha256.h"

#include <array>

#include <openssl/evp.h>

#include "base/error.h"

namespace tributary::cost {

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  TRIBUTARY_CHECK(done == 1 && size == digest.size(), "OpenSSL computes no SHA-256");
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace tributary::cost
