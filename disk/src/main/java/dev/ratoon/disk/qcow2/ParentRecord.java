package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.qcow2.HeaderExtensions.Extension;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * What a child's header says of its parent: its name, and extensions with its format and, if it is
 * known, its disk id. The id is sealed with the name and the format: who changes those without
 * knowing of the id thereby breaks the seal.
 */
record ParentRecord(ByteBuffer name, ByteBuffer format, Optional<DiskId> id) {
  static final int MAX_NAME_BYTES = 1023;

  private static final int DIGEST_BYTES = 32;

  /**
   * @throws RatoonException {@code INVALID_VALUE} if the name is too long
   */
  static ParentRecord of(Path child, Backing parent) {
    byte[] name = parent.nameFor(child).toString().getBytes(StandardCharsets.UTF_8);
    if (name.length > MAX_NAME_BYTES) {
      throw doesNotFit(child, "The path of its parent is longer than qcow2 can record.");
    }
    byte[] format = parent.format().qemuName().getBytes(StandardCharsets.US_ASCII);
    return new ParentRecord(ByteBuffer.wrap(name), ByteBuffer.wrap(format), parent.diskId());
  }

  static RatoonException doesNotFit(Path child, String why) {
    return Problem.of(ErrorCode.INVALID_VALUE, "recording the parent of '" + child + "'")
        .detail(why)
        .next("Give the parent a shorter path, or make the child with larger clusters.")
        .asException();
  }

  /** With {@code kept} between them: what decides goes first, where no write tears it. */
  List<Extension> extensions(List<Extension> kept) {
    List<Extension> all = new ArrayList<>(formatAnd(kept));
    id.ifPresent(known -> {
      ByteBuffer sealed = ByteBuffer.allocate(2 * DIGEST_BYTES);
      sealed.put(HexFormat.of().parseHex(known.hex())).put(seal(name, format));
      all.add(new Extension(HeaderExtensions.PARENT_ID, sealed.flip()));
    });
    return all;
  }

  /** The format, and {@code others} behind it. */
  List<Extension> formatAnd(List<Extension> others) {
    List<Extension> all = new ArrayList<>();
    all.add(new Extension(HeaderExtensions.BACKING_FORMAT, format));
    all.addAll(others);
    return all;
  }

  /** The id in {@code data} of a {@code PARENT_ID}, unless it is another parent's. */
  static Optional<DiskId> idIn(ByteBuffer data, ByteBuffer name, ByteBuffer format) {
    if (data.remaining() != 2 * DIGEST_BYTES) {
      return Optional.empty();
    }
    byte[] id = new byte[DIGEST_BYTES];
    byte[] seal = new byte[DIGEST_BYTES];
    data.duplicate().get(id).get(seal);
    return MessageDigest.isEqual(seal, seal(name, format))
        ? Optional.of(DiskId.of(id))
        : Optional.empty();
  }

  private static byte[] seal(ByteBuffer name, ByteBuffer format) {
    MessageDigest digest = Digests.sha256();
    digest.update(name.duplicate());
    digest.update((byte) 0);
    digest.update(format.duplicate());
    return digest.digest();
  }
}
