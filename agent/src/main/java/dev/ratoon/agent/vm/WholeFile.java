package dev.ratoon.agent.vm;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.Set;

/** Copies a file that nobody writes, byte for byte, with its holes, and reads the copy back. */
final class WholeFile {
  private static final int PIECE_BYTES = 1 << 20;
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(
          EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));

  private WholeFile() {}

  /**
   * Copies to a file that is not there yet; when this returns it is on the storage, and was read.
   * It is its owner's, and nobody else can read it, from before its first byte on.
   *
   * @throws dev.ratoon.model.RatoonException {@code interrupted} if the thread is wanted elsewhere;
   *     {@code overlay-altered} if the copy does not read as what was copied
   */
  static void copy(Path from, Path to, FileOwner owner, Bases.Progress progress) {
    byte[] before;
    try (ImageFile source = ImageFile.open(from);
        FileChannel target =
            FileChannel.open(
                to,
                EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                OWNER_ONLY)) {
      owner.own(to);
      before = copy(source, target, StoredBytes.of(from), progress);
      extend(target, source.length());
      target.force(true);
    } catch (IOException failed) {
      throw Faults.unwritable(to, failed);
    }
    if (!MessageDigest.isEqual(before, digest(from, to))) {
      throw Problem.of(ErrorCode.OVERLAY_ALTERED, "copying the disk " + from)
          .detail("The copy does not read as the disk. It is removed; the disk is as it was.")
          .next("Check the memory and the disks of this host.")
          .asException();
    }
  }

  private static byte[] copy(
      ImageFile source, FileChannel target, long storedBytes, Bases.Progress progress)
      throws IOException {
    MessageDigest sha256 = sha256();
    ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
    long done = 0;
    long length = source.length();
    for (long at = source.nextData(0); at < length; ) {
      requireWanted();
      int count = (int) Math.min(PIECE_BYTES, Math.min(source.nextHole(at), length) - at);
      source.read(at, piece.clear().limit(count));
      sha256.update(piece.flip());
      piece.rewind();
      for (long place = at; piece.hasRemaining(); ) {
        place += target.write(piece, place);
      }
      at += count;
      done += count;
      progress.at(Math.min(done, storedBytes), Math.max(1, storedBytes));
      at = at < length ? source.nextData(at) : length;
    }
    return sha256.digest();
  }

  /** A hole at the end has a length, too. */
  private static void extend(FileChannel target, long length) throws IOException {
    if (target.size() < length) {
      target.write(ByteBuffer.wrap(new byte[1]), length - 1);
    }
  }

  /** What the copy has where the source has data. */
  private static byte[] digest(Path from, Path to) {
    MessageDigest sha256 = sha256();
    ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
    try (ImageFile source = ImageFile.open(from);
        ImageFile copy = ImageFile.open(to)) {
      long length = source.length();
      for (long at = source.nextData(0); at < length; ) {
        requireWanted();
        int count = (int) Math.min(PIECE_BYTES, Math.min(source.nextHole(at), length) - at);
        copy.read(at, piece.clear().limit(count));
        sha256.update(piece.flip());
        at += count;
        at = at < length ? source.nextData(at) : length;
      }
    }
    return sha256.digest();
  }

  private static void requireWanted() {
    if (Thread.currentThread().isInterrupted()) {
      throw Problem.of(ErrorCode.INTERRUPTED, "copying a disk").asException();
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
