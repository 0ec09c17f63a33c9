package dev.ratoon.cli.disk;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;

/**
 * A file that appears under its name whole, or not at all, and never in place of another. Until it
 * is whole it has a hidden name beside its own, which goes when this is closed, and also at Ctrl-C.
 */
final class NewFile implements AutoCloseable {
  private final Path target;
  private final Path folder;
  private final Path hidden;
  private final Thread atTheEnd = new Thread(this::remove, "remove-unfinished");
  private boolean over;

  /**
   * @throws RatoonException {@code NAME_TAKEN} if there is a file of that name, {@code
   *     FILE_UNWRITABLE} if there is no folder to put it into
   */
  NewFile(Path target) {
    this.target = target;
    Path parent = target.toAbsolutePath().getParent();
    if (parent == null || Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw Faults.unwritable(target, new FileAlreadyExistsException(target.toString()));
    }
    if (!Files.isDirectory(parent)) {
      throw Problem.of(ErrorCode.FILE_UNWRITABLE, "writing '" + target + "'")
          .detail("There is no folder '" + parent + "'.")
          .next("Make it first: mkdir -p '" + parent + "'")
          .asException();
    }
    this.folder = parent;
    String random = Integer.toHexString(ThreadLocalRandom.current().nextInt());
    this.hidden = parent.resolve(".ratoon-" + random + ".part");
    Runtime.getRuntime().addShutdownHook(atTheEnd);
  }

  /**
   * Lets {@code work} create the file and fill it, under the name that it is given.
   *
   * @throws RatoonException what {@code work} throws, with the name that the user knows
   */
  <T> T fill(Function<Path, T> work) {
    try {
      return work.apply(hidden);
    } catch (RatoonException e) {
      Problem p = e.problem();
      throw new RatoonException(
          new Problem(p.code(), named(p.doing()), named(p.detail()), named(p.next())), e);
    }
  }

  private String named(String text) {
    return text.replace(hidden.toString(), target.toString());
  }

  /** Gives the file its name, durably. */
  synchronized void publish() {
    if (over) {
      throw Faults.interruption("writing '" + target + "'", new InterruptedException());
    }
    try {
      sync(hidden, StandardOpenOption.WRITE);
      name();
      over = true;
      sync(folder, StandardOpenOption.READ);
    } catch (IOException e) {
      throw Faults.unwritable(target, e);
    }
  }

  /** A link is never made in place of another file; a rename would be. */
  private void name() throws IOException {
    try {
      Files.createLink(target, hidden);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException noLinksHere) {
      Files.move(hidden, target);
      return;
    }
    Files.deleteIfExists(hidden);
  }

  private static void sync(Path path, StandardOpenOption how) throws IOException {
    try (FileChannel channel = FileChannel.open(path, how)) {
      channel.force(true);
    }
  }

  private synchronized void remove() {
    if (!over) {
      over = true;
      try {
        Files.deleteIfExists(hidden);
      } catch (IOException e) {
        // Whoever could not complete it is saying why.
      }
    }
  }

  @Override
  public void close() {
    remove();
    try {
      Runtime.getRuntime().removeShutdownHook(atTheEnd);
    } catch (IllegalStateException endingAlready) {
      // Ctrl-C came first.
    }
  }
}
