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
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Files that are made as drafts and are kept all together, when all are whole. Until then whatever
 * ends the work, Ctrl-C too, leaves nothing of them; what others have is never touched.
 *
 * <p>The draft of NAME is .NAME.partial beside it, and stays until all is done, even if the file
 * has its name already: so nobody relies on a file that may still be taken back. Only a killed
 * process leaves drafts.
 */
final class NewFiles implements AutoCloseable {
  /** A file on its way. */
  private static final class Draft {
    private final Path target;
    private final Path path;
    private boolean named;

    Draft(Path target) {
      this.target = target;
      this.path = draftOf(target);
    }
  }

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

  /** Where a file lies until it has its name. */
  static Path draftOf(Path target) {
    return target.resolveSibling("." + target.getFileName() + ".partial");
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

  /**
   * Makes sure that nobody is making this file.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#IN_USE}
   */
  static void requireSettled(Path target) {
    if (Files.exists(draftOf(target), LinkOption.NOFOLLOW_LINKS)) {
      throw Problem.of(ErrorCode.IN_USE, "using '" + target + "'")
          .detail("Another export is writing it, or was killed while it did.")
          .next("Wait for its end; if there is none, remove " + draftOf(target) + ".")
          .asException();
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
   * Makes a draft of the file that is to be called {@code target}.
   *
   * @param maker is given the draft's path, where nothing lies yet
   */
  synchronized <T> T make(Path target, Function<Path, T> maker) {
    requireUnderWay();
    requireSettled(target);
    requireFree(target);
    Draft draft = new Draft(target);
    T made = maker.apply(draft.path);
    drafts.add(draft);
    return made;
  }

  /** Gives a file that is whole its name before the others: they may have to find it there. */
  synchronized void name(Path target) {
    requireUnderWay();
    for (Draft draft : drafts) {
      if (draft.target.equals(target)) {
        name(draft);
      }
    }
  }

  /**
   * Keeps all files, under their names and durably.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#NAME_TAKEN} if something else got a
   *     name meanwhile
   */
  synchronized void publish() {
    requireUnderWay();
    drafts.forEach(NewFiles::name);
    drafts.forEach(draft -> sync(folderOf(draft.target)));
    over = true;
    drafts.forEach(draft -> remove(draft.path));
  }

  /** By a link, which is never made in place of a file; a move could be. */
  private static void name(Draft draft) {
    if (draft.named) {
      return;
    }
    sync(draft.path);
    try {
      try {
        Files.createLink(draft.target, draft.path);
      } catch (FileAlreadyExistsException taken) {
        throw taken;
      } catch (IOException | UnsupportedOperationException noLinksHere) {
        Files.move(draft.path, draft.target);
        Files.createFile(draft.path);
      }
    } catch (IOException failed) {
      throw Faults.unwritable(draft.target, failed);
    }
    draft.named = true;
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
    if (over) {
      return;
    }
    over = true;
    for (Draft draft : drafts) {
      if (draft.named) {
        remove(draft.target);
      }
      remove(draft.path);
    }
    madeFolder.ifPresent(NewFiles::remove);
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
