/** What every command has at hand: its session, and how it ends. */
@NullMarked
package dev.ratoon.cli.command;

import org.jspecify.annotations.NullMarked;
