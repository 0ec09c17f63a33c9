/** The command line: from arguments to calls of the API, and from answers to text. */
@NullMarked
package dev.ratoon.cli;

import org.jspecify.annotations.NullMarked;
