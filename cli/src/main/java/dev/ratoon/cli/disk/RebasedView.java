package dev.ratoon.cli.disk;

import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.DiskId;

/**
 * A disk that has another parent now.
 *
 * @param parent absolute path
 * @param copiedBytes what differed between the parents and was written into the disk
 */
record RebasedView(String file, String parent, DiskId parentDiskId, long copiedBytes) {

  Details details() {
    return new Details(file)
        .line("disk", file)
        .line("parent", parent)
        .line("parent's id", parentDiskId)
        .line("copied", Words.size(copiedBytes));
  }
}
