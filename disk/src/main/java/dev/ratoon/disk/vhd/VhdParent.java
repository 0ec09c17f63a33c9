package dev.ratoon.disk.vhd;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.file.WindowsPaths;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * What a differencing VHD records of its parent. See docs/formats/vhd.md, "Dynamic header".
 *
 * @param unique the parent's unique id
 * @param time when it was modified, as the format counts time
 * @param name its file's name
 * @param relative its path from the child's folder, as Windows writes it
 * @param absolute its path, as Windows writes it
 */
record VhdParent(
    UUID unique, int time, String name, Optional<String> relative, Optional<String> absolute) {
  private static final int RELATIVE = 0x57327275;
  private static final int ABSOLUTE = 0x57326b75;
  private static final int LONGEST_LOCATOR = 4096;
  private static final long EPOCH = Instant.parse("2000-01-01T00:00:00Z").getEpochSecond();

  /** Seconds as the format counts them. */
  static int time(Instant instant) {
    return (int) (instant.getEpochSecond() - EPOCH);
  }

  /**
   * What is to be recorded of {@code parent} in the file {@code child}.
   *
   * @throws RatoonException {@code INVALID_VALUE} if it cannot be
   */
  static VhdParent of(Backing parent, Path child) {
    if (parent.format() != DiskFormat.VHD
        || !(parent.nativeId().orElse(null) instanceof NativeId.Vhd id)) {
      throw invalid(parent, child, "The parent of a VHD has to be a VHD.");
    }
    Path folder = child.toAbsolutePath().resolveSibling("");
    String name = String.valueOf(parent.file().getFileName());
    VhdParent recorded =
        new VhdParent(
            id.unique(),
            time(modified(parent.file())),
            name.substring(0, Math.min(name.length(), VhdHeader.MOST_NAME_BYTES / 2 - 1)),
            Optional.of(WindowsPaths.relative(folder, parent.file())),
            Optional.of(WindowsPaths.absolute(parent.file())));
    if (parent.file().toString().contains("\\")) {
      throw invalid(parent, child, "Its name has a backslash, which ends a folder's name there.");
    }
    if (recorded.locator(ABSOLUTE).remaining() > LONGEST_LOCATOR
        || recorded.locator(RELATIVE).remaining() > LONGEST_LOCATOR) {
      throw invalid(parent, child, "Its path is longer than can be recorded.");
    }
    return recorded;
  }

  private static Instant modified(Path parent) {
    try {
      return Files.getLastModifiedTime(parent).toInstant();
    } catch (IOException e) {
      throw Faults.unreadable(parent, e);
    }
  }

  private static RatoonException invalid(Backing parent, Path child, String why) {
    return Problem.of(
            ErrorCode.INVALID_VALUE,
            "recording '" + parent.file() + "' as the parent of '" + child + "'")
        .detail(why)
        .asException();
  }

  /** Reads what {@code header} and its locators say. */
  static VhdParent read(VhdHeader header, ImageFile file) {
    return new VhdParent(
        header.parent(),
        header.parentTime(),
        header.parentName(),
        text(header, RELATIVE, file),
        text(header, ABSOLUTE, file));
  }

  private static Optional<String> text(VhdHeader header, int code, ImageFile file) {
    return header.locators().stream()
        .filter(locator -> locator.code() == code && locator.length() != 0)
        .findFirst()
        .map(locator -> text(locator, file));
  }

  private static String text(VhdHeader.Locator locator, ImageFile file) {
    int length = locator.length();
    if (length < 0 || length > LONGEST_LOCATOR) {
      throw Faults.corrupt(file.path(), "A path of its parent would have " + length + " bytes.");
    }
    String text = StandardCharsets.UTF_16LE.decode(file.bytes(locator.offset(), length)).toString();
    int end = text.indexOf('\0');
    return end < 0 ? text : text.substring(0, end);
  }

  /** The header's locators, their data one behind the other from {@code place} on. */
  List<VhdHeader.Locator> locators(long place) {
    int relativeBytes = locator(RELATIVE).remaining();
    return List.of(
        new VhdHeader.Locator(RELATIVE, relativeBytes, place),
        new VhdHeader.Locator(
            ABSOLUTE, locator(ABSOLUTE).remaining(), place + VhdLayer.padded(relativeBytes)));
  }

  /** What {@link #locators} speak of: whole sectors. */
  ByteBuffer locatorData() {
    ByteBuffer relativeData = locator(RELATIVE);
    ByteBuffer absoluteData = locator(ABSOLUTE);
    int absoluteAt = VhdLayer.padded(relativeData.remaining());
    return ByteBuffer.allocate(absoluteAt + VhdLayer.padded(absoluteData.remaining()))
        .put(relativeData)
        .position(absoluteAt)
        .put(absoluteData)
        .clear();
  }

  private ByteBuffer locator(int code) {
    return StandardCharsets.UTF_16LE.encode((code == RELATIVE ? relative : absolute).orElse(""));
  }

  /** Where a child in the file {@code child} is to look for its parent. */
  ParentLink link(Path child) {
    Path folder = child.toAbsolutePath().resolveSibling("");
    Set<Path> candidates = new LinkedHashSet<>();
    relative.flatMap(path -> WindowsPaths.fromRelative(path, folder)).ifPresent(candidates::add);
    absolute
        .flatMap(path ->
            WindowsPaths.fromAbsolute(path).or(() -> WindowsPaths.fromRelative(path, folder)))
        .ifPresent(candidates::add);
    absolute
        .flatMap(path -> WindowsPaths.sameName(path, folder))
        .or(() -> WindowsPaths.sameName(name, folder))
        .ifPresent(candidates::add);
    WindowsPaths.sameName(name, folder).ifPresent(candidates::add);
    return new ParentLink(
        relative.or(() -> absolute).orElse(name),
        List.copyOf(candidates),
        Optional.of(DiskFormat.VHD),
        Optional.of(new NativeId.Vhd(unique)),
        Optional.empty());
  }
}
