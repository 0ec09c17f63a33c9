/** VMDK files that hold a whole disk, and OVA archives that hold one: read only. */
@NullMarked
package dev.ratoon.disk.vmdk;

import org.jspecify.annotations.NullMarked;
