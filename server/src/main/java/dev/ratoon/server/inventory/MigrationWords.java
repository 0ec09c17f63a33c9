package dev.ratoon.server.inventory;

import dev.ratoon.model.ByteSize;
import dev.ratoon.protocol.agent.MoveReport.Moved;
import java.util.ArrayList;
import java.util.List;

/** Migrations, for people. */
final class MigrationWords {
  private MigrationWords() {}

  /** "21 MiB of disks and 100 MiB of memory moved, downtime 95 ms". */
  static String moved(Moved moved) {
    List<String> parts = new ArrayList<>();
    parts.add(ByteSize.show(moved.diskBytes()) + " of disks");
    if (moved.memoryBytes() > 0) {
      parts.add(ByteSize.show(moved.memoryBytes()) + " of memory");
    }
    return String.join(" and ", parts)
        + " moved, "
        + ByteSize.show(moved.wireBytes())
        + " on the wire"
        + moved.downtimeMillis().map(millis -> ", downtime " + millis + " ms").orElse("");
  }
}
