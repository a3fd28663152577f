// OpenSSL's EVP interface uses the processor's SHA instructions where it has them.
#include "sys/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <vector>

#include "sys/descriptor.hpp"
#include "sys/error.hpp"

namespace gdm {
namespace {

void require(int status) {
  if (status != 1) throw Error("SHA-256 failed inside OpenSSL");
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(state_->context != nullptr ? EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) : 0);
}

Sha256::~Sha256() = default;

void Sha256::update(const void* data, std::size_t bytes) {
  require(EVP_DigestUpdate(state_->context, data, bytes));
}

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  require(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr));
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string sha256_hex(const void* data, std::size_t bytes) {
  Sha256 sha;
  sha.update(data, bytes);
  return sha.hex();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  const std::string name = input_name(path);
  const Descriptor input = open_for_reading(path);
  regular_size(input, name);
  std::vector<char> block(std::size_t{1} << 20);
  Sha256 sha;
  while (const std::size_t got = read_up_to(input, block.data(), block.size(), name)) sha.update(block.data(), got);
  return sha.hex();
}

}  // namespace gdm
