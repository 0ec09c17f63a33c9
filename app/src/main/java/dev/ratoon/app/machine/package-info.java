/** This machine: its data folder, its doctor, and the server process that runs on it. */
@NullMarked
package dev.ratoon.app.machine;

import org.jspecify.annotations.NullMarked;
