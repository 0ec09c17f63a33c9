/** How commands print: tables, JSON, YAML, progress and errors. */
@NullMarked
package dev.ratoon.cli.output;

import org.jspecify.annotations.NullMarked;
