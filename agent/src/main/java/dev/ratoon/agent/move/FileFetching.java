package dev.ratoon.agent.move;

import dev.ratoon.agent.move.MoveWords.Ask;
import dev.ratoon.agent.move.MoveWords.Files;
import dev.ratoon.agent.move.MoveWords.Sent;
import dev.ratoon.agent.move.MovingVms.Expected;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.channel.MoveLink;
import dev.ratoon.protocol.channel.MoveLink.Received;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;

/** Fetches the files of a VM into a folder: each is on the disk, and what was sent, in the end. */
final class FileFetching {
  private static final Set<StandardOpenOption> CREATE_NEW =
      EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  /** What a full file system is left for others. */
  private static final long SPARED_BYTES = 16L << 20;

  private final MoveLink link;
  private final List<Expected> expected;
  private final Path folder;
  private final BiConsumer<Long, Long> progress;
  private long cameBytes;
  private long allBytes;

  /**
   * @param progress hears how many bytes of how many have come
   */
  FileFetching(
      MoveLink link, List<Expected> expected, Path folder, BiConsumer<Long, Long> progress) {
    this.link = link;
    this.expected = expected;
    this.folder = folder;
    this.progress = progress;
  }

  /** Fetches all; returns how many bytes of files came. */
  long run() throws InterruptedException {
    List<MoveWords.File> offered = link.message().as(Files.class).files();
    requireExpected(offered);
    requireRoom(offered);
    for (MoveWords.File file : offered) {
      fetch(file);
    }
    link.end();
    return cameBytes;
  }

  private void requireExpected(List<MoveWords.File> offered) {
    for (MoveWords.File file : offered) {
      boolean fits =
          expected.stream()
              .anyMatch(known ->
                  known.name().equals(file.name())
                      && file.sizeBytes() >= 0
                      && file.sizeBytes() <= known.most()
                      && file.storedBytes() >= 0
                      && file.storedBytes() <= file.sizeBytes());
      boolean once =
          offered.stream().filter(other -> other.name().equals(file.name())).count() == 1;
      if (!fits || !once) {
        throw misbehaved("It offered '%s' of %d bytes.".formatted(file.name(), file.sizeBytes()));
      }
    }
    for (Expected known : expected) {
      boolean there = offered.stream().anyMatch(file -> file.name().equals(known.name()));
      if (!there && !known.optional()) {
        throw Problem.of(ErrorCode.OVERLAY_ALTERED, "fetching the files of the VM")
            .detail("Its host has no " + known.name() + ".")
            .asException();
      }
    }
    allBytes = offered.stream().mapToLong(MoveWords.File::storedBytes).sum();
  }

  private void requireRoom(List<MoveWords.File> offered) {
    long needed = offered.stream().mapToLong(MoveWords.File::storedBytes).sum() + SPARED_BYTES;
    try {
      long free = java.nio.file.Files.getFileStore(folder).getUsableSpace();
      if (free < needed) {
        throw Problem.of(ErrorCode.DISK_FULL, "fetching the files of the VM")
            .detail("They need %d bytes, and %d are free.".formatted(needed, free))
            .asException();
      }
    } catch (IOException unknown) {
      throw Faults.unwritable(folder, unknown);
    }
  }

  private void fetch(MoveWords.File file) throws InterruptedException {
    Path target = folder.resolve(file.name());
    MessageDigest sha256 = Pieces.sha256();
    link.say(new Ask(file.name()));
    try (FileChannel out = FileChannel.open(target, CREATE_NEW, OWNER_ONLY)) {
      String sent = receive(out, file, sha256);
      if (!sent.equals(HexFormat.of().formatHex(sha256.digest()))) {
        throw misbehaved("What came of " + file.name() + " is not what was sent.");
      }
      if (out.size() < file.sizeBytes() && file.sizeBytes() > 0) {
        int _ = out.write(ByteBuffer.allocate(1), file.sizeBytes() - 1);
      }
      out.force(true);
    } catch (IOException failed) {
      throw Faults.unwritable(target, failed);
    }
  }

  /** Writes what comes, and returns the digest that the other side names at the end. */
  private String receive(FileChannel out, MoveWords.File file, MessageDigest sha256)
      throws InterruptedException, IOException {
    while (true) {
      switch (link.next()) {
        case Received.Data(ByteBuffer piece) -> write(out, file, piece, sha256);
        case Received.Message message -> {
          Sent sent = message.as(Sent.class);
          if (!sent.name().equals(file.name())) {
            throw misbehaved("It sent another file than was asked for.");
          }
          return sent.sha256();
        }
        case Received.End _ -> throw misbehaved("It ended before all had come.");
      }
    }
  }

  private void write(FileChannel out, MoveWords.File file, ByteBuffer piece, MessageDigest sha256)
      throws IOException {
    sha256.update(piece.duplicate());
    long at = piece.remaining() > Pieces.HEAD_BYTES ? piece.getLong() : -1;
    if (at < 0 || at > file.sizeBytes() - piece.remaining()) {
      throw misbehaved("It sent bytes that lie outside the file.");
    }
    cameBytes += piece.remaining();
    while (piece.hasRemaining()) {
      at += out.write(piece, at);
    }
    progress.accept(cameBytes, Math.max(allBytes, cameBytes));
  }

  private static RatoonException misbehaved(String why) {
    return Problem.of(ErrorCode.PEER_MISBEHAVED, "fetching the files of the VM")
        .detail(why)
        .next("See that both hosts have the same version of Ratoon.")
        .asException();
  }
}
