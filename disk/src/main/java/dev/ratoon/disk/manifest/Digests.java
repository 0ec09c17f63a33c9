package dev.ratoon.disk.manifest;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/** SHA-256 digests that lie one behind another in an array. */
public final class Digests {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private Digests() {}

  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Whether there is no digest at {@code at}: 32 zero bytes, which no content is known to have. */
  static boolean isAbsent(byte[] page, int at) {
    return ((long) LONG.get(page, at)
            | (long) LONG.get(page, at + 8)
            | (long) LONG.get(page, at + 16)
            | (long) LONG.get(page, at + 24))
        == 0;
  }

  static boolean equal(byte[] page, int at, byte[] digest) {
    return Arrays.equals(page, at, at + Manifest.DIGEST_BYTES, digest, 0, digest.length);
  }

  /** The digest of {@code length} zero bytes. */
  static byte[] ofZeros(int length) {
    return sha256().digest(new byte[length]);
  }
}
