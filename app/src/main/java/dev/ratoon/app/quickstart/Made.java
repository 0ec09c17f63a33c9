package dev.ratoon.app.quickstart;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;

/**
 * What quickstart made on this machine: {@code uninstall} removes this and nothing else. Written
 * down before it is made, except for VMs, whose ids are known when the server has taken their
 * deploy: a VM that is not listed for that reason is kept.
 *
 * @param home the data folder, if quickstart was the one that made it
 * @param vms ids, since names are given again
 * @param changes what was mended on the machine, for example packages that were installed
 */
record Made(Optional<String> home, List<VmId> vms, List<ImageRef> images, List<String> changes) {
  private static final Made NOTHING = new Made(Optional.empty(), List.of(), List.of(), List.of());

  /**
   * @throws RatoonException {@link ErrorCode#FILE_UNREADABLE} if it is there and cannot be read:
   *     then nobody knows what may be removed
   */
  static Made read(DataFolder folder) {
    Path file = file(folder);
    if (!Files.exists(file)) {
      return NOTHING;
    }
    try {
      return Json.read(Files.readString(file), Made.class);
    } catch (IOException | JacksonException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading what quickstart made from " + file)
          .detail(
              "It cannot be read: "
                  + String.valueOf(unreadable.getMessage()).lines().findFirst().orElse(""))
          .next(
              "Nothing was changed. Move that file away to go on as if quickstart had made nothing.")
          .asException(unreadable);
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
    return new Made(Optional.of(folder.home().toString()), vms, images, changes);
  }

  Made withVm(VmId vm) {
    return new Made(home, and(vms, vm), images, changes);
  }

  Made withImage(ImageRef image) {
    return new Made(home, vms, and(images, image), changes);
  }

  Made withChange(String change) {
    return new Made(home, vms, images, and(changes, change));
  }

  /** Whether this folder is one that quickstart made. */
  boolean holds(DataFolder folder) {
    return home.equals(Optional.of(folder.home().toString()));
  }

  boolean nothing() {
    return equals(NOTHING);
  }

  private static <T> List<T> and(List<T> list, T one) {
    List<T> more = new ArrayList<>(list);
    if (!more.contains(one)) {
      more.add(one);
    }
    return more;
  }

  private static Path file(DataFolder folder) {
    return folder.quickstart().resolve("made.json");
  }
}
