package dev.ratoon.agent.adopt;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Gives parents back to their operator, once nothing stands on them any more. */
final class GivingBack {
  private static final int NAMES_SHOWN = 10;

  private final Tools tools;
  private final Standing standing;

  GivingBack(Tools tools, Standing standing) {
    this.tools = tools;
    this.standing = standing;
  }

  /**
   * Gives back all parents below {@code root}, and forgets the sources there.
   *
   * @param others paths that stay adopted, those inside {@code root} too
   * @param inPlace those of them whose parents stay
   * @throws RatoonException {@code wrong-state} if something stands on one of them; then nothing is
   *     given back
   */
  void run(Path root, Set<Path> others, Set<Path> inPlace) {
    List<ParentFile> parents =
        tools.ledger().all().stream()
            .filter(entry -> isLeaving(entry.file(), root, inPlace))
            .sorted(Comparator.comparingInt((ParentFile e) -> e.parents().size()).reversed())
            .toList();
    Set<Path> files = parents.stream().map(ParentFile::file).collect(Collectors.toSet());
    Set<DiskId> ids =
        parents.stream().flatMap(entry -> entry.diskId().stream()).collect(Collectors.toSet());
    // In this order: what begins after the look finds no parent here any more.
    tools.known().leave(files);
    try {
      requireNothingOn(root, files, ids);
      parents.forEach(tools.protection()::giveBack);
    } catch (RuntimeException | Error e) {
      tools.known().stay(files);
      throw e;
    }
    files.forEach(tools.known()::forget);
    tools.known().below(root).stream()
        .filter(file -> isLeaving(file, root, others))
        .forEach(tools.known()::forget);
    tools.manifests().retain(tools.known().ids());
  }

  private static boolean isLeaving(Path file, Path root, Set<Path> others) {
    return file.startsWith(root) && others.stream().noneMatch(file::startsWith);
  }

  private void requireNothingOn(Path root, Set<Path> files, Set<DiskId> ids) {
    if (files.isEmpty()) {
      return;
    }
    Stream<String> adopted =
        tools.ledger().all().stream()
            .filter(entry -> !files.contains(entry.file()))
            .filter(entry -> entry.parents().stream().map(Path::of).anyMatch(files::contains))
            .map(ParentFile::path);
    List<String> names = Stream.concat(standing.on(files, ids).stream(), adopted).toList();
    if (!names.isEmpty()) {
      String more =
          names.size() > NAMES_SHOWN ? " and " + (names.size() - NAMES_SHOWN) + " more" : "";
      throw Problem.of(ErrorCode.WRONG_STATE, "giving back what was adopted at '" + root + "'")
          .detail(
              "On it stand: "
                  + String.join(", ", names.stream().limit(NAMES_SHOWN).toList())
                  + more
                  + " (the trash counts, too).")
          .next(
              "Delete them first; they are gone for good when the trash is emptied, after as many"
                  + " hours as 'ratoon settings show' tells.")
          .asException();
    }
  }
}
