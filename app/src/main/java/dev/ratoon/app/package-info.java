/** The one program: {@link dev.ratoon.app.Main} wires it together, by hand. */
@NullMarked
package dev.ratoon.app;

import org.jspecify.annotations.NullMarked;
