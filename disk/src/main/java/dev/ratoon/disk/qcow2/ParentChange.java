package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.HeaderExtensions.Extension;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;

/**
 * Gives a child another parent. What decides (where the name lies, how long it is, the format) is
 * in the first sector of the file and changes with it, which no disk tears. So the new name is
 * written beside the old one before, and the extension with the disk id after; in between the old
 * id is there without a fitting seal, which is as good as none.
 */
final class ParentChange {
  private final ImageFile file;
  private final ByteBuffer cluster;
  private final int clusterBytes;
  private final ParentRecord parent;
  private final int headerLength;
  private final HeaderExtensions before;

  private ParentChange(ImageFile file, int clusterBytes, ParentRecord parent) {
    this.file = file;
    this.clusterBytes = clusterBytes;
    this.cluster = file.bytes(0, (int) Math.min(file.length(), clusterBytes));
    this.parent = parent;
    this.headerLength = Qcow2HeaderReader.headerLength(file.path(), cluster);
    this.before = Qcow2HeaderReader.extensions(file.path(), cluster);
  }

  /**
   * Records {@code parent} in the header of {@code file}, which has a parent; durable when this
   * returns.
   *
   * @throws RatoonException {@code INVALID_VALUE} if its name does not fit
   */
  static void make(ImageFile file, int clusterBytes, Backing parent) {
    ParentRecord recorded = ParentRecord.of(file.path(), parent);
    new ParentChange(file, clusterBytes, recorded).make();
  }

  private void make() {
    HeaderExtensions after =
        HeaderExtensions.of(
            headerLength,
            parent.extensions(
                kept(type ->
                    type != HeaderExtensions.BACKING_FORMAT
                        && type != HeaderExtensions.PARENT_ID)));
    HeaderExtensions between =
        HeaderExtensions.of(
            headerLength, parent.formatAnd(kept(type -> type != HeaderExtensions.BACKING_FORMAT)));
    OptionalInt free = freePlace(Math.max(after.end(), between.end()));
    if (free.isEmpty()) {
      allAtOnce(after);
      return;
    }
    int place = free.getAsInt();
    file.write(place, parent.name().duplicate());
    file.force();
    file.write(0, head(between, place));
    file.force();
    if (!after.equals(between)) {
      file.write(0, head(after, place));
      file.force();
    }
  }

  private List<Extension> kept(IntPredicate wanted) {
    return before.all().stream().filter(extension -> wanted.test(extension.type())).toList();
  }

  /** Where the new name fits, behind all extensions and not over the old name. */
  private OptionalInt freePlace(int newEnd) {
    int length = parent.name().remaining();
    int place = Math.max(newEnd, before.end());
    int oldName = (int) cluster.getLong(Qcow2HeaderReader.BACKING_AT);
    int oldEnd = oldName + cluster.getInt(Qcow2HeaderReader.BACKING_AT + 8);
    if (place < oldEnd && oldName < place + length) {
      place = oldEnd;
    }
    return place + length <= clusterBytes ? OptionalInt.of(place) : OptionalInt.empty();
  }

  private void allAtOnce(HeaderExtensions after) {
    int length = parent.name().remaining();
    if (after.end() + length > clusterBytes) {
      throw ParentRecord.doesNotFit(file.path(), "Its path does not fit in a cluster.");
    }
    ByteBuffer all = ByteBuffer.allocate(Math.max(before.end(), after.end() + length));
    all.put(head(after, after.end()).limit(after.end())).put(parent.name().duplicate());
    file.write(0, all.clear());
    file.force();
  }

  /** The header with {@code extensions}, and zeros where longer ones were. */
  private ByteBuffer head(HeaderExtensions extensions, int place) {
    ByteBuffer head = ByteBuffer.allocate(Math.max(extensions.end(), before.end()));
    head.put(cluster.slice(0, headerLength));
    head.putLong(Qcow2HeaderReader.BACKING_AT, place);
    head.putInt(Qcow2HeaderReader.BACKING_AT + 8, parent.name().remaining());
    extensions.putInto(head);
    return head.clear();
  }
}
