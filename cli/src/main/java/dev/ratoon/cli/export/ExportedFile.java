package dev.ratoon.cli.export;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;

/**
 * A file of an export, as it is shown.
 *
 * @param holds what of the VM's disk it holds itself
 * @param sizeBytes what a guest sees
 * @param storedBytes what the file takes
 * @param diskId what a guest reads, with the parent if it has one
 * @param existed whether it was there already, and was only found to be right
 */
record ExportedFile(
    String path,
    DiskPart holds,
    String format,
    long sizeBytes,
    long storedBytes,
    DiskId diskId,
    boolean existed) {}
