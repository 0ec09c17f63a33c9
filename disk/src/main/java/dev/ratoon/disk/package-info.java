/**
 * Virtual disks as files: reading and writing every format of the field with its chains, making
 * differencing disks, and the manifest that gives a disk its identity. Nobody else knows a format.
 *
 * <p>This package has the words: a {@link dev.ratoon.disk.VirtualDisk} is what a guest sees, made
 * of one {@link dev.ratoon.disk.Layer} for each file. {@code chain} opens and makes disks, with the
 * help of one package for each format ({@code raw}, {@code qcow2}, {@code vhd}, {@code vhdx},
 * {@code vmdk}); {@code manifest} says which disk it is, {@code identity} remembers that and finds
 * disks by it; {@code copy} converts and compares. {@code file} and {@code scan} are the ground
 * below them. The formats are specified in docs/formats/.
 *
 * <p>Whatever a file contains, and whatever happens to it while it is read, the one exception
 * thrown is {@link dev.ratoon.model.RatoonException}.
 */
@NullMarked
package dev.ratoon.disk;

import org.jspecify.annotations.NullMarked;
