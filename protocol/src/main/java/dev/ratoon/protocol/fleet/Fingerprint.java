package dev.ratoon.protocol.fleet;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of keys and certificates in DER. */
public final class Fingerprint {
  private Fingerprint() {}

  public static byte[] sha256(byte[] der) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(der);
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
