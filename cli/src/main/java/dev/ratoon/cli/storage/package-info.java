/** How new disks are stored: formats and their options, as users write them. */
@NullMarked
package dev.ratoon.cli.storage;

import org.jspecify.annotations.NullMarked;
