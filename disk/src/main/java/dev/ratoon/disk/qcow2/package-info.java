/** qcow2, as specified in docs/formats/qcow2.md. */
@NullMarked
package dev.ratoon.disk.qcow2;

import org.jspecify.annotations.NullMarked;
