package dev.ratoon.protocol.fleet;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.nio.ByteBuffer;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.time.Instant;
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
  private static final Seal SEAL = new Seal("ratoon grant");

  /** The grant with its signature. */
  public byte[] signed(PrivateKey authority) {
    return SEAL.seal(body(), authority);
  }

  /**
   * The grant in these bytes, if the authority has signed it; whether it still holds is not asked.
   */
  public static Optional<Grant> verified(ByteBuffer bytes, PublicKey authority) {
    return bytes.remaining() > BODY_BYTES && bytes.get(bytes.position()) == VERSION
        ? SEAL.opened(bytes, BODY_BYTES, authority).map(Grant::read)
        : Optional.empty();
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
