package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.NO_GUID;
import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/**
 * A header. See docs/formats/vhdx.md.
 *
 * @param sequence unsigned; of two headers the one with more is current
 * @param fileWrite new for every session that changes the file
 * @param dataWrite new when what a guest reads may change
 * @param log which entries of the log count; {@link Structures#NO_GUID} if none
 * @param logLength bytes, unsigned 32 bits in the file
 */
record VhdxHeader(
    long sequence,
    UUID fileWrite,
    UUID dataWrite,
    UUID log,
    int logVersion,
    int version,
    long logLength,
    long logOffset) {

  /** The header that {@code bytes} are, if they are a whole one. */
  static Optional<VhdxHeader> parse(ByteBuffer bytes) {
    if (!Structures.isSigned(bytes, 0, "head") || !Structures.isWhole(bytes)) {
      return Optional.empty();
    }
    return Optional.of(
        new VhdxHeader(
            bytes.getLong(8),
            Structures.guid(bytes, 16),
            Structures.guid(bytes, 32),
            Structures.guid(bytes, 48),
            bytes.getShort(64) & 0xffff,
            bytes.getShort(66) & 0xffff,
            bytes.getInt(68) & 0xffff_ffffL,
            bytes.getLong(72)));
  }

  ByteBuffer encode() {
    ByteBuffer bytes = Structures.buffer(SECTOR);
    Structures.sign(bytes, 0, "head");
    bytes.putLong(8, sequence);
    Structures.putGuid(bytes, 16, fileWrite);
    Structures.putGuid(bytes, 32, dataWrite);
    Structures.putGuid(bytes, 48, log);
    bytes.putShort(64, (short) logVersion).putShort(66, (short) version);
    bytes.putInt(68, (int) logLength).putLong(72, logOffset);
    return Structures.seal(bytes);
  }

  boolean hasLog() {
    return !log.equals(NO_GUID);
  }

  VhdxHeader next() {
    return new VhdxHeader(
        sequence + 1, fileWrite, dataWrite, log, logVersion, version, logLength, logOffset);
  }

  VhdxHeader withFileWrite(UUID guid) {
    return new VhdxHeader(
        sequence, guid, dataWrite, log, logVersion, version, logLength, logOffset);
  }

  VhdxHeader withDataWrite(UUID guid) {
    return new VhdxHeader(
        sequence, fileWrite, guid, log, logVersion, version, logLength, logOffset);
  }

  /** With another log, of the one version of logs that there is. */
  VhdxHeader withLog(UUID guid) {
    return new VhdxHeader(sequence, fileWrite, dataWrite, guid, 0, version, logLength, logOffset);
  }
}
