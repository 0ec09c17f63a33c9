package dev.ratoon.disk.vhdx;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * What a differencing file records of its parent. See docs/formats/vhdx.md, "Parent locator".
 *
 * @param linkage the parent's DataWriteGuid
 * @param otherLinkage another one that is as good, while files are merged
 */
record ParentLocator(
    UUID linkage,
    Optional<UUID> otherLinkage,
    Optional<String> relative,
    Optional<String> volume,
    Optional<String> absolute) {
  /** Well below what the locator's fields, and Windows, can have. */
  private static final int LONGEST_PATH = 8192;

  /**
   * What is to be recorded of {@code parent} in the file {@code child}.
   *
   * @throws RatoonException {@code INVALID_VALUE} if it cannot be
   */
  static ParentLocator of(Backing parent, Path child) {
    NativeId.Vhdx id = idOf(parent, child);
    if (parent.file().toString().contains("\\")) {
      throw invalid(parent, child, "Its name has a backslash, which ends a folder's name there.");
    }
    if (parent.file().toString().length() > LONGEST_PATH) {
      throw invalid(parent, child, "Its path is longer than can be recorded.");
    }
    Path folder = child.toAbsolutePath().resolveSibling("");
    return new ParentLocator(
        id.dataWrite(),
        Optional.empty(),
        Optional.of(WindowsPaths.relative(folder, parent.file())),
        Optional.empty(),
        Optional.of(WindowsPaths.absolute(parent.file())));
  }

  /** The native id of a parent. */
  static NativeId.Vhdx idOf(Backing parent, Path child) {
    if (parent.format() == DiskFormat.VHDX
        && parent.nativeId().orElse(null) instanceof NativeId.Vhdx id) {
      return id;
    }
    throw invalid(parent, child, "The parent of a VHDX is a VHDX, known by its id.");
  }

  private static RatoonException invalid(Backing parent, Path child, String why) {
    return Problem.of(
            ErrorCode.INVALID_VALUE, "making '" + parent.file() + "' the parent of '" + child + "'")
        .detail(why)
        .asException();
  }

  /**
   * The same for whoever opens {@code child}.
   *
   * @param virtualDisk the child's own, which is the parent's too
   */
  ParentLink link(Path child, UUID virtualDisk) {
    Path folder = child.toAbsolutePath().resolveSibling("");
    Set<Path> candidates = new LinkedHashSet<>();
    relative.flatMap(path -> WindowsPaths.fromRelative(path, folder)).ifPresent(candidates::add);
    Stream.of(volume, absolute)
        .flatMap(Optional::stream)
        .flatMap(path -> WindowsPaths.fromAbsolute(path).stream())
        .forEach(candidates::add);
    List<String> recorded =
        Stream.of(relative, volume, absolute).flatMap(Optional::stream).toList();
    recorded.stream()
        .flatMap(path -> WindowsPaths.sameName(path, folder).stream())
        .forEach(candidates::add);
    return new ParentLink(
        recorded.isEmpty() ? Structures.text(linkage) : recorded.getFirst(),
        List.copyOf(candidates),
        Optional.of(DiskFormat.VHDX),
        Optional.of(new NativeId.Vhdx(linkage, virtualDisk)),
        otherLinkage.map(other -> new NativeId.Vhdx(other, virtualDisk)),
        Optional.empty());
  }
}
