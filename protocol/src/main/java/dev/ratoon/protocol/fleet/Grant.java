package dev.ratoon.protocol.fleet;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;

/**
 * The server's word that a host may have a base disk from others, for a while. Signed by the
 * fleet's authority, so that any host can tell without asking the server.
 *
 * <p>As bytes, in network order: version 1 (1 byte), the host's id (16), the disk's id (32),
 * milliseconds since 1970 until which it holds (8), then an ECDSA signature with SHA-256 (DER) of
 * the text "ratoon grant" followed by all that.
 */
public record Grant(HostId host, DiskId disk, Instant until) {
  private static final byte VERSION = 1;
  private static final int BODY_BYTES = 1 + 16 + 32 + 8;
  private static final byte[] DOMAIN = "ratoon grant".getBytes(StandardCharsets.US_ASCII);
  private static final String ALGORITHM = "SHA256withECDSA";

  /** The grant with its signature. */
  public byte[] signed(PrivateKey authority) {
    try {
      byte[] body = body();
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(authority);
      signature.update(DOMAIN);
      signature.update(body);
      byte[] seal = signature.sign();
      byte[] all = Arrays.copyOf(body, body.length + seal.length);
      System.arraycopy(seal, 0, all, body.length, seal.length);
      return all;
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /**
   * The grant in these bytes, if the authority has signed it; whether it still holds is not asked.
   */
  public static Optional<Grant> verified(ByteBuffer bytes, PublicKey authority) {
    if (bytes.remaining() <= BODY_BYTES || bytes.get(bytes.position()) != VERSION) {
      return Optional.empty();
    }
    byte[] body = new byte[BODY_BYTES];
    byte[] seal = new byte[bytes.remaining() - BODY_BYTES];
    bytes.duplicate().get(body).get(seal);
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initVerify(authority);
      signature.update(DOMAIN);
      signature.update(body);
      return signature.verify(seal) ? Optional.of(read(ByteBuffer.wrap(body))) : Optional.empty();
    } catch (GeneralSecurityException notOne) {
      return Optional.empty();
    }
  }

  private byte[] body() {
    return ByteBuffer.allocate(BODY_BYTES)
        .put(VERSION)
        .putLong(host.uuid().getMostSignificantBits())
        .putLong(host.uuid().getLeastSignificantBits())
        .put(HexFormat.of().parseHex(disk.hex()))
        .putLong(until.toEpochMilli())
        .array();
  }

  private static Grant read(ByteBuffer body) {
    body.get();
    HostId host = new HostId(new UUID(body.getLong(), body.getLong()));
    byte[] disk = new byte[32];
    body.get(disk);
    return new Grant(host, DiskId.of(disk), Instant.ofEpochMilli(body.getLong()));
  }
}
