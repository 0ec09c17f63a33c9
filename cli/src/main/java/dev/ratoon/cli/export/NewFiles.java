package dev.ratoon.cli.export;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;

/**
 * Files that are made under other names and get their own all together, when all are whole. Until
 * then whatever ends the work, Ctrl-C too, leaves nothing of them; what others have is never
 * touched.
 */
final class NewFiles implements AutoCloseable {
  /** A file on its way: where it lies, and what it is to be called. */
  private record Draft(Path draft, Path target) {}

  private final List<Draft> drafts = new ArrayList<>();
  private final Thread hook = new Thread(this::abandon, "leaving nothing");
  private Optional<Path> madeFolder = Optional.empty();
  private boolean over;

  private NewFiles() {}

  static NewFiles begin() {
    NewFiles files = new NewFiles();
    Runtime.getRuntime().addShutdownHook(files.hook);
    return files;
  }

  /**
   * Makes sure that nothing has this name.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#NAME_TAKEN}
   */
  static void requireFree(Path target) {
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw Faults.unwritable(target, new FileAlreadyExistsException(target.toString()));
    }
  }

  /** Makes a folder if there is none; one that was made goes again if nothing comes of it. */
  synchronized void folder(Path folder) {
    requireUnderWay();
    if (!Files.isDirectory(folder)) {
      try {
        Files.createDirectory(folder);
      } catch (IOException failed) {
        throw Faults.unwritable(folder, failed);
      }
      madeFolder = Optional.of(folder);
    }
  }

  /**
   * Makes a file that is to be called {@code target}, beside that place.
   *
   * @param maker is given the name under which to make it
   */
  synchronized <T> T make(Path target, Function<Path, T> maker) {
    requireUnderWay();
    requireFree(target);
    String mark = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
    Path draft = target.resolveSibling("." + target.getFileName() + "." + mark + ".partial");
    T made = maker.apply(draft);
    drafts.add(new Draft(draft, target));
    return made;
  }

  /** Where a file of that name lies until it has it. */
  synchronized Path draftOf(Path target) {
    return drafts.stream()
        .filter(draft -> draft.target().equals(target))
        .findFirst()
        .map(Draft::draft)
        .orElse(target);
  }

  /**
   * Gives all files their names, durably: all of them, or none.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#NAME_TAKEN} if something else got one
   *     meanwhile
   */
  synchronized void publish() {
    requireUnderWay();
    List<Path> named = new ArrayList<>();
    try {
      for (Draft draft : drafts) {
        sync(draft.draft());
      }
      for (Draft draft : drafts) {
        name(draft);
        named.add(draft.target());
      }
      for (Draft draft : drafts) {
        sync(folderOf(draft.target()));
      }
      over = true;
    } finally {
      if (!over) {
        named.forEach(NewFiles::remove);
      }
    }
  }

  /** A link is never made in place of a file; a move could be, if one came in between. */
  private static void name(Draft draft) {
    try {
      try {
        Files.createLink(draft.target(), draft.draft());
        Files.delete(draft.draft());
      } catch (FileAlreadyExistsException taken) {
        throw taken;
      } catch (IOException | UnsupportedOperationException noLinksHere) {
        Files.move(draft.draft(), draft.target());
      }
    } catch (IOException failed) {
      throw Faults.unwritable(draft.target(), failed);
    }
  }

  private static void sync(Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException failed) {
      throw Faults.unwritable(path, failed);
    }
  }

  private static Path folderOf(Path file) {
    return Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
  }

  private void requireUnderWay() {
    if (over) {
      throw Problem.of(ErrorCode.INTERRUPTED, "exporting").asException();
    }
  }

  /** Leaves nothing of what was not published. */
  private synchronized void abandon() {
    if (!over) {
      over = true;
      drafts.forEach(draft -> remove(draft.draft()));
      madeFolder.ifPresent(NewFiles::remove);
    }
  }

  private static void remove(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException kept) {
      // Something else lies in the folder meanwhile, or the disk is gone: nothing more can be done.
    }
  }

  @Override
  public void close() {
    abandon();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      // Ctrl-C came first, and the hook does the same.
    }
  }
}
