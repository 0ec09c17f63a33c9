package dev.ratoon.protocol.fleet;

import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
import java.nio.ByteBuffer;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * The server's word that one VM may move from one host to another, for a while. Signed by the
 * fleet's authority, so that either host can tell without asking the server.
 *
 * <p>As bytes, in network order: version 1 (1 byte), the VM's id (16), the epoch that the
 * destination gets (8), the source's id (16), the destination's id (16), milliseconds since 1970
 * until which it holds (8), then an ECDSA signature with SHA-256 (DER) of the text "ratoon move"
 * followed by all that.
 */
public record MoveGrant(VmId vm, long epoch, HostId source, HostId destination, Instant until) {
  private static final byte VERSION = 1;
  private static final int BODY_BYTES = 1 + 16 + 8 + 16 + 16 + 8;
  private static final Seal SEAL = new Seal("ratoon move");

  /** The grant with its signature. */
  public byte[] signed(PrivateKey authority) {
    ByteBuffer body = ByteBuffer.allocate(BODY_BYTES).put(VERSION);
    put(body, vm.uuid());
    body.putLong(epoch);
    put(body, source.uuid());
    put(body, destination.uuid());
    return SEAL.seal(body.putLong(until.toEpochMilli()).array(), authority);
  }

  /**
   * The grant in these bytes, if the authority has signed it; whether it still holds is not asked.
   */
  public static Optional<MoveGrant> verified(ByteBuffer bytes, PublicKey authority) {
    return bytes.remaining() > BODY_BYTES && bytes.get(bytes.position()) == VERSION
        ? SEAL.opened(bytes, BODY_BYTES, authority).map(MoveGrant::read)
        : Optional.empty();
  }

  private static MoveGrant read(ByteBuffer body) {
    byte _ = body.get();
    VmId vm = new VmId(uuid(body));
    long epoch = body.getLong();
    return new MoveGrant(
        vm,
        epoch,
        new HostId(uuid(body)),
        new HostId(uuid(body)),
        Instant.ofEpochMilli(body.getLong()));
  }

  private static void put(ByteBuffer target, UUID id) {
    target.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
  }

  private static UUID uuid(ByteBuffer source) {
    return new UUID(source.getLong(), source.getLong());
  }
}
