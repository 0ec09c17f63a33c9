package dev.ratoon.disk.chain;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness.Found;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Looks through folders, but not through those below them, for disks. Only headers are read;
 * whatever is no disk, or no sound one, is passed over.
 */
public final class FolderSearch {
  /** Files looked at, of all folders together. */
  public static final int MOST_FILES = 10_000;

  private FolderSearch() {}

  /**
   * The regular files in the folders, in the folders' order and then by name; a folder that is not
   * there has none. Of more than {@link #MOST_FILES}, the rest is left out.
   *
   * @throws RatoonException {@code FILE_UNREADABLE}
   */
  public static List<Path> files(List<Path> folders) {
    return files(folders, MOST_FILES);
  }

  static List<Path> files(List<Path> folders, int most) {
    List<Path> all = new ArrayList<>();
    for (Path folder : folders) {
      List<Path> files = new ArrayList<>();
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder.toAbsolutePath())) {
        for (Path entry : entries) {
          if (all.size() + files.size() == most) {
            break;
          }
          if (Files.isRegularFile(entry)) {
            files.add(entry);
          }
        }
      } catch (NoSuchFileException | NotDirectoryException gone) {
        continue;
      } catch (DirectoryIteratorException e) {
        throw Faults.unreadable(folder, new IOException(e.getMessage(), e));
      } catch (IOException e) {
        throw Faults.unreadable(folder, e);
      }
      files.sort(Comparator.naturalOrder());
      all.addAll(files);
    }
    return all;
  }

  /** The files that a child means by {@code wanted}; each is looked at when it is asked for. */
  public static Stream<Found> withNativeId(List<Path> folders, NativeId wanted) {
    DiskFormat format =
        switch (wanted) {
          case NativeId.Vhd _ -> DiskFormat.VHD;
          case NativeId.Vhdx _ -> DiskFormat.VHDX;
          case NativeId.Vmdk _ -> DiskFormat.VMDK;
        };
    return files(folders).stream()
        .filter(file -> nativeId(file, format).filter(wanted::means).isPresent())
        .map(file -> new Found(file, format));
  }

  private static Optional<NativeId> nativeId(Path file, DiskFormat wanted) {
    try {
      if (VirtualDisks.formatOf(file) != wanted) {
        return Optional.empty();
      }
      try (Layer layer = VirtualDisks.layer(file, wanted, OpenRules.chain(1))) {
        return layer.nativeId();
      }
    } catch (RatoonException e) {
      if (e.problem().code() == ErrorCode.INTERRUPTED) {
        throw e;
      }
      return Optional.empty();
    }
  }
}
