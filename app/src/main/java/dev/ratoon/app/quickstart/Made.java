package dev.ratoon.app.quickstart;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What quickstart made on this machine, written down before it is made: {@code uninstall} removes
 * this and nothing else.
 *
 * @param home the data folder, if quickstart was the one that made it
 * @param changes what was mended on the machine, for example packages that were installed
 */
record Made(Optional<String> home, List<String> vms, Optional<String> image, List<String> changes) {
  private static final Made NOTHING =
      new Made(Optional.empty(), List.of(), Optional.empty(), List.of());

  static Made read(DataFolder folder) {
    try {
      return Json.read(Files.readString(file(folder)), Made.class);
    } catch (IOException none) {
      return NOTHING;
    }
  }

  /**
   * @throws RatoonException {@link ErrorCode#FILE_UNWRITABLE} if it cannot be written
   */
  void write(DataFolder folder) {
    Path file = file(folder);
    try {
      Files.createDirectories(file.getParent());
      Path next = Files.writeString(file.resolveSibling("made.json.new"), Json.write(this));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.FILE_UNWRITABLE, "writing " + file)
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    }
  }

  Made inHome(DataFolder folder) {
    return new Made(Optional.of(folder.home().toString()), vms, image, changes);
  }

  Made withVm(String name) {
    return new Made(home, and(vms, name), image, changes);
  }

  Made withImage(String name) {
    return new Made(home, vms, Optional.of(name), changes);
  }

  Made withChange(String change) {
    return new Made(home, vms, image, and(changes, change));
  }

  boolean nothing() {
    return equals(NOTHING);
  }

  private static List<String> and(List<String> list, String one) {
    List<String> more = new ArrayList<>(list);
    if (!more.contains(one)) {
      more.add(one);
    }
    return more;
  }

  private static Path file(DataFolder folder) {
    return folder.quickstart().resolve("made.json");
  }
}
