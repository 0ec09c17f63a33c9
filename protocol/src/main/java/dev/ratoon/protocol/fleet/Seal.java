package dev.ratoon.protocol.fleet;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Arrays;
import java.util.Optional;

/**
 * Seals what the fleet's authority says of one matter: an ECDSA signature with SHA-256 (DER) of the
 * matter's name and the words, after the words.
 */
record Seal(String matter) {
  private static final String ALGORITHM = "SHA256withECDSA";

  byte[] seal(byte[] body, PrivateKey authority) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(authority);
      signature.update(matter.getBytes(StandardCharsets.US_ASCII));
      signature.update(body);
      byte[] seal = signature.sign();
      byte[] all = Arrays.copyOf(body, body.length + seal.length);
      System.arraycopy(seal, 0, all, body.length, seal.length);
      return all;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** The first {@code bodyBytes} of these bytes, if the rest is their seal. */
  Optional<ByteBuffer> opened(ByteBuffer sealed, int bodyBytes, PublicKey authority) {
    byte[] body = new byte[bodyBytes];
    byte[] seal = new byte[sealed.remaining() - bodyBytes];
    sealed.duplicate().get(body).get(seal);
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initVerify(authority);
      signature.update(matter.getBytes(StandardCharsets.US_ASCII));
      signature.update(body);
      return signature.verify(seal) ? Optional.of(ByteBuffer.wrap(body)) : Optional.empty();
    } catch (GeneralSecurityException notOne) {
      return Optional.empty();
    }
  }
}
