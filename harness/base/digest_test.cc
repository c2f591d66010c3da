#include "base/digest.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

// RFC 1321 A.5, RFC 3174 7.3, FIPS 180-4's examples: of "abc".
TEST(Digest, OfTheStandardsExamples) {
  EXPECT_EQ(digest_hex("md5", "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(digest_hex("sha1", "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(digest_hex("sha256", "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_hex("sha512", "abc")->substr(0, 16), "ddaf35a193617aba");
  EXPECT_EQ(digest_hex("sha384", "abc")->size(), 96u);
  EXPECT_FALSE(digest_hex("crc64", "abc"));
  EXPECT_FALSE(digest_hex("", "abc"));
}

}  // namespace
}  // namespace bootrig
