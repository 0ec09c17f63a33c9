package dev.ratoon.cli.disk;

import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Words;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a disk's files say of themselves and of each other.
 *
 * @param storedBytes what all files of the chain take on their file systems
 * @param files from the disk's own to the root, or to the last one that was found
 * @param problem why the parent of the last one could not be opened
 */
record ChainView(
    String file,
    String format,
    long sizeBytes,
    int sectorBytes,
    long storedBytes,
    Optional<DiskId> diskId,
    List<FileView> files,
    Optional<Problem> problem) {

  /**
   * @param storedBytes what it takes on its file system
   */
  record FileView(
      String file,
      String format,
      String variant,
      long sizeBytes,
      long storedBytes,
      Optional<Map<String, String>> nativeId,
      Optional<ParentView> parent) {}

  /**
   * @param recorded its name, as the child's file has it
   * @param file where it was found; absent if it was not
   */
  record ParentView(
      String recorded,
      Optional<String> format,
      Optional<Map<String, String>> nativeId,
      Optional<DiskId> diskId,
      Optional<String> file) {}

  static ChainView of(List<Layer> layers, Optional<Problem> problem, Optional<DiskId> diskId) {
    Layer top = layers.getFirst();
    List<FileView> files =
        IntStream.range(0, layers.size()).mapToObj(i -> file(layers, i)).toList();
    return new ChainView(
        top.file().toString(),
        top.format().word(),
        top.size(),
        top.sectorBytes(),
        files.stream().mapToLong(FileView::storedBytes).sum(),
        diskId,
        files,
        problem);
  }

  private static FileView file(List<Layer> layers, int depth) {
    Layer layer = layers.get(depth);
    Optional<String> found =
        depth + 1 < layers.size()
            ? Optional.of(layers.get(depth + 1).file().toString())
            : Optional.empty();
    return new FileView(
        layer.file().toString(),
        layer.format().word(),
        layer.variant(),
        layer.size(),
        StoredBytes.of(layer.file()),
        layer.nativeId().map(NativeIds::parts),
        layer.parent().map(link -> parent(link, found)));
  }

  private static ParentView parent(ParentLink link, Optional<String> found) {
    return new ParentView(
        link.recorded(),
        link.format().map(format -> format.word()),
        link.nativeId().map(NativeIds::parts),
        link.diskId(),
        found);
  }

  Details details(List<Layer> layers) {
    Details details = new Details(file).line("disk", file);
    details
        .line("format", format + ", " + files.getFirst().variant())
        .line("size", exact(sizeBytes))
        .line("sectors", sectorBytes + " bytes")
        .line("stored", stored())
        .line("native id", layers.getFirst().nativeId().map(NativeIds::text))
        .line("disk id", diskId);
    for (int depth = 0; depth < files.size(); depth++) {
      describeParent(details, layers.get(depth), depth);
    }
    return details;
  }

  private String stored() {
    long own = files.getFirst().storedBytes();
    return files.size() == 1
        ? Words.size(own)
        : Words.size(own) + ", " + Words.size(storedBytes) + " with its parents";
  }

  private void describeParent(Details details, Layer child, int depth) {
    Optional<ParentLink> link = child.parent();
    if (link.isEmpty()) {
      return;
    }
    details.line("parent", link.get().recorded());
    details.lines("", recorded(link.get()));
    if (depth + 1 < files.size()) {
      FileView found = files.get(depth + 1);
      details.line("", "found: " + found.file());
      details.line(
          "",
          "%s, %s, %s, %s stored"
              .formatted(
                  found.format(),
                  found.variant(),
                  Words.size(found.sizeBytes()),
                  Words.size(found.storedBytes())));
    } else {
      details.line("", "not found");
    }
  }

  /** What the child's file says of its parent besides the name. */
  private static List<String> recorded(ParentLink link) {
    List<String> lines = new ArrayList<>();
    link.format().ifPresent(format -> lines.add("recorded as: " + format.word()));
    link.nativeId().ifPresent(id -> lines.add("recorded native id: " + NativeIds.text(id)));
    link.diskId().ifPresent(id -> lines.add("recorded disk id: " + id));
    return lines;
  }

  static String exact(long bytes) {
    return Words.size(bytes) + " (" + bytes + " bytes)";
  }
}
