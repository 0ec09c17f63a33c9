/**
 * Virtual disks as files: reading raw and qcow2 with their chains, making differencing disks, and
 * the manifest that gives a disk its identity. Nobody else knows a file format.
 *
 * <p>Start at {@link dev.ratoon.disk.VirtualDisks} to open a disk, {@link
 * dev.ratoon.disk.Manifests} for its identity, {@link dev.ratoon.disk.SparseCopy} to copy it and
 * {@link dev.ratoon.disk.Qcow2Child} to make a child. The formats are specified in docs/formats/.
 *
 * <p>Whatever a file contains, and whatever happens to it while it is read, the one exception
 * thrown is {@link dev.ratoon.model.RatoonException}.
 */
@NullMarked
package dev.ratoon.disk;

import org.jspecify.annotations.NullMarked;
